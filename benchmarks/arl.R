# Run lengths of a MEWMA by the package spc (Knoth): prints seconds of processor time and the answer, for each line of arguments
# LAM P LIMIT SHIFT NODES (its delta is the square of the shift; limit 0: the one for an ARL0 of 370).
suppressWarnings(suppressMessages(library(spc)))
said <- matrix(as.numeric(commandArgs(trailingOnly = TRUE)), ncol = 5, byrow = TRUE)
for (i in seq_len(nrow(said))) {
  a <- said[i, ]; taken <- numeric(0)
  for (k in 1:3) {
    start <- proc.time()[["user.self"]]
    for (j in 1:3) answer <- if (a[3] == 0) mewma.crit(a[1], 370, a[2], r = a[5]) else mewma.arl(a[1], a[3], a[2], delta = a[4]^2, r = a[5])
    taken <- c(taken, (proc.time()[["user.self"]] - start) / 3)
  }
  cat(median(taken), format(answer, digits = 12), "\n")
}
