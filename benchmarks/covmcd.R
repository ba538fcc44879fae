# covMcd of each table: prints seconds of processor time, log det of the best subset's covariance (divisor h), bad rows kept.
# Rscript covmcd.R random|deterministic BAD ROUNDS FRACTION TABLE.csv ...  The bad rows are the last ones of each table.
suppressWarnings(suppressMessages(library(robustbase)))
said <- commandArgs(trailingOnly = TRUE)
starts <- if (said[1] == "deterministic") "deterministic" else 500
bad <- as.integer(said[2]); rounds <- as.integer(said[3]); fraction <- as.numeric(said[4])
fit <- function(x) suppressWarnings(covMcd(x, alpha = fraction, nsamp = starts))
set.seed(1)
invisible(fit(matrix(rnorm(100), 50))) # the first fit loads what it needs
for (file in said[-(1:4)]) {
  x <- as.matrix(read.csv(file, header = FALSE)); n <- nrow(x)
  taken <- numeric(0)
  for (k in seq_len(rounds)) {
    set.seed(1)
    spent <- system.time(found <- fit(x))
    taken <- c(taken, spent[["user.self"]] + spent[["sys.self"]])
  }
  subset <- x[found$best, , drop = FALSE]; h <- nrow(subset)
  objective <- as.numeric(determinant(cov(subset) * (h - 1) / h)$modulus)
  cat(median(taken), format(objective, digits = 15), sum(found$mcd.wt[seq_len(n) > n - bad]), "\n")
}
