# covMcd with 500 starts and with deterministic ones, for both alphas: prints alpha, then log det (divisor h) of either subset, then h.
# Rscript covmcd.R NAME-ROWS-COLUMNS.bin ...  (numbers column by column)
suppressWarnings(suppressMessages(library(robustbase)))
for (file in commandArgs(trailingOnly = TRUE)) {
  size <- as.integer(tail(strsplit(sub("[.]bin$", "", basename(file)), "-")[[1]], 2))
  x <- matrix(readBin(file, "double", prod(size)), size[1])
  for (alpha in c(0.5, 0.75)) {
    said <- alpha; h <- h.alpha.n(alpha, size[1], size[2])
    for (starts in list(500, "deterministic")) {
      set.seed(1)
      found <- tryCatch(suppressWarnings(covMcd(x, alpha = alpha, nsamp = starts)), error = function(e) NULL)
      if (is.null(found)) { said <- c(said, "NA"); next } # a singular subset stops it
      subset <- x[found$best, , drop = FALSE]
      said <- c(said, format(as.numeric(determinant(cov(subset) * (h - 1) / h)$modulus), digits = 15))
    }
    cat(said, h, "\n")
  }
}
