# Robust fits of each table: prints seconds of processor time, log det of the subset's covariance (divisor h), bad rows kept, bytes grown.
# Rscript fitted.R random|deterministic|rrcov|mrcd BAD ROUNDS FRACTION NAME-ROWS-COLUMNS.bin ...  The bad rows are the last ones.
said <- commandArgs(trailingOnly = TRUE)
who <- said[1]; bad <- as.integer(said[2]); rounds <- as.integer(said[3]); fraction <- as.numeric(said[4])
suppressWarnings(suppressMessages(if (who %in% c("rrcov", "mrcd")) library(rrcov) else library(robustbase)))
starts <- if (who == "deterministic") "deterministic" else 500
fit <- function(x) suppressWarnings(switch(who,
  rrcov = CovMcd(x, alpha = fraction), mrcd = CovMrcd(x, alpha = fraction), covMcd(x, alpha = fraction, nsamp = starts)))
subset_of <- function(found) if (who %in% c("rrcov", "mrcd")) found@best else found$best
kept_of <- function(found) if (who == "mrcd") seq_len(n) %in% found@best else if (who == "rrcov") found@wt == 1 else found$mcd.wt == 1
objective_of <- function(found, x) {
  if (who == "mrcd") return(as.numeric(found@crit))
  subset <- x[subset_of(found), , drop = FALSE]; h <- nrow(subset)
  as.numeric(determinant(cov(subset) * (h - 1) / h)$modulus)
}
memory <- function(word) { # bytes; NA where there is no /proc
  line <- tryCatch(grep(word, readLines("/proc/self/status"), value = TRUE), error = function(e) character(0))
  if (length(line)) 1024 * as.numeric(gsub("[^0-9]", "", line)) else NA
}
set.seed(1)
n <- 50
invisible(fit(matrix(rnorm(100), 50))) # the first fit loads what it needs
for (file in said[-(1:4)]) {
  size <- as.integer(tail(strsplit(sub("[.]bin$", "", basename(file)), "-")[[1]], 2)); n <- size[1]
  x <- matrix(readBin(file, "double", prod(size)), n)
  invisible(gc())
  try(cat("5", file = "/proc/self/clear_refs"), silent = TRUE) # the peak begins anew
  before <- memory("VmRSS"); taken <- numeric(0)
  for (k in seq_len(rounds)) {
    set.seed(1)
    spent <- system.time(found <- fit(x))
    taken <- c(taken, spent[["user.self"]] + spent[["sys.self"]])
  }
  grown <- memory("VmHWM") - before
  cat(median(taken), format(objective_of(found, x), digits = 15), sum(kept_of(found)[seq_len(n) > n - bad]), grown, "\n")
}
