#!/bin/sh
# Builds the compiled core of the search for the robust scatter, for the checkout it is called in and for the image.
# No -march: what is built runs on every processor of its kind, and gives the same bits there.
exec cc -O3 -std=gnu11 -fopenmp-simd -shared -fPIC -o spc/scatter/_kernel.so spc/scatter/kernel.c -lm
