/* Order statistics. Part of kernel.c. */
#pragma once
#include "kernel_sums.h"

/* The value of rank k (from 0) of v, which is shuffled: quickselect. */
static double picked(double *v, int64_t n, int64_t k) {
    int64_t low = 0, high = n - 1;
    while (low < high) {
        const double a = v[low], b = v[(low + high) / 2], c = v[high];
        const double pivot = a < b ? (b < c ? b : (a < c ? c : a)) : (a < c ? a : (b < c ? c : b));
        int64_t i = low, j = high;
        while (i <= j) {
            while (v[i] < pivot) i++;
            while (v[j] > pivot) j--;
            if (i <= j) {
                const double t = v[i];
                v[i++] = v[j], v[j--] = t;
            }
        }
        if (k <= j)
            high = j;
        else if (k >= i)
            low = i;
        else
            break;
    }
    return v[k];
}

/* The value of rank k (from 0) of n values, which are left as they are; scratch has room for 2 n. A sample of them tells between which
 * two values it almost surely lies: one pass without a branch then leaves a quarter of them to look at. */
FAST static double ranked(const double *v, int64_t n, int64_t k, double *scratch) {
    enum { SAMPLE = 63, SPREAD = 9 };
    if (n > 300) {
        double s[SAMPLE];
        const int64_t stride = n / SAMPLE;
        for (int i = 0; i < SAMPLE; i++) {
            const double one = v[i * stride + stride / 2];
            int at = i;
            for (; at > 0 && s[at - 1] > one; at--) s[at] = s[at - 1];
            s[at] = one;
        }
        const int at = (int)((double)k / (double)n * SAMPLE);
        const double low = at - SPREAD < 0 ? -INFINITY : s[at - SPREAD], high = at + SPREAD >= SAMPLE ? INFINITY : s[at + SPREAD];
        int64_t below = 0, between = 0;
        for (int64_t i = 0; i < n; i++) {
            scratch[between] = v[i];
            below += v[i] < low;
            between += (v[i] >= low) & (v[i] <= high);
        }
        if (below <= k && k < below + between && between < n)
            return ranked(scratch, between, k - below, scratch + between);
    }
    memcpy(scratch, v, sizeof(double) * (size_t)n);
    return picked(scratch, n, k);
}

/* How many of the values (stride of them, infinite ones at the end) lie below t. */
FAST static int64_t below(const double *v, int64_t stride, double t) {
    Mask count = {0};
    for (int64_t i = 0; i < stride; i += LANES) count -= (Mask)(*(const Lane *)(v + i) < t);
    int64_t all = 0;
    for (int k = 0; k < LANES; k++) all += count[k];
    return all;
}

/* The value of rank k among n values, none below `low` (in a padded row, as `below` wants it; key is scratch for n). From a guess its place
 * is narrowed down by counting, without a branch; the few values left are sorted out. */
FAST static double narrowed(const double *v, int64_t n, int64_t stride, int64_t k, double low, double high, double guess, double *key) {
    int64_t under = 0, over = n, count = 0; /* under, over: values below low, and below high */
    for (int turn = 0; turn < 12 && over - under > FEW; turn++) {
        const int64_t found = below(v, stride, guess);
        if (found <= k)
            low = guess, under = found;
        else
            high = guess, over = found;
        if (high == INFINITY)
            guess = low * (1.0 + 1.5 * (double)(k + 1 - under) / (double)(n + 1 - k)) + 1e-300;
        else if (turn % 4 == 3)
            guess = 0.5 * (low + high);
        else
            guess = low + (high - low) * ((double)(k - under) + 0.5) / (double)(over - under);
    }
    for (int64_t i = 0; i < n; i++) {
        key[count] = v[i];
        count += (v[i] >= low) & (v[i] < high);
    }
    return picked(key, count, k - under);
}

/* The median of n values in a padded row; key is scratch for n. */
FAST static double median_of(const double *v, int64_t n, double *key) {
    double low = INFINITY, high = -INFINITY, sum = 0.0;
#pragma omp simd reduction(min : low) reduction(max : high) reduction(+ : sum)
    for (int64_t i = 0; i < n; i++) {
        low = v[i] < low ? v[i] : low;
        high = v[i] > high ? v[i] : high;
        sum += v[i];
    }
    if (!(low < high)) return low;
    const double m = narrowed(v, n, padded(n), n / 2, low, nextafter(high, INFINITY), sum / (double)n, key);
    if (n % 2) return m;
    double lower = -INFINITY; /* the other middle value: the largest below, unless m itself reaches down to that rank */
    int64_t under = 0;
#pragma omp simd reduction(max : lower) reduction(+ : under)
    for (int64_t i = 0; i < n; i++) {
        const double one = v[i] < m ? v[i] : -INFINITY;
        under += v[i] < m;
        lower = one > lower ? one : lower;
    }
    return under < n / 2 ? m : 0.5 * (m + lower);
}
