# S and MM estimates of literature tables by rrcov, for tests/oracles/test_s_mm.py.
#
#   apt-get install r-cran-rrcov r-cran-robustbase
#   Rscript tests/oracles/scripts/make_s_mm.R > tests/oracles/expected/s_mm.json
#
# Tables: robustbase's hbk (Hawkins, Bradu & Kass 1984, artificial), wood (Rousseeuw 1984, modified from Draper & Smith 1966) and
# starsCYG (Rousseeuw & Leroy 1987, p. 27).

suppressMessages({ library(rrcov); library(robustbase) })

number <- function(x) format(x, digits = 15, trim = TRUE)
vector <- function(x) paste0("[", paste(number(as.numeric(x)), collapse = ", "), "]")
matrix_ <- function(x) paste0("[", paste(apply(unname(as.matrix(x)), 1, vector), collapse = ", "), "]")
estimate <- function(s) sprintf('{"center": %s, "covariance": %s}', vector(getCenter(s)), matrix_(getCov(s)))

table_ <- function(name, x) {
  x <- as.matrix(x)
  set.seed(1); fast <- CovSest(x, method = "sfast", nsamp = 500)
  set.seed(1); det <- CovSest(x, method = "sdet")
  set.seed(1); mm <- CovMMest(x)
  sprintf('  "%s": {\n    "x": %s,\n    "sfast": %s,\n    "sdet": %s,\n    "mm": %s,\n    "mm_c": %s\n  }',
          name, matrix_(x), estimate(fast), estimate(det), estimate(mm), number(mm@c1))
}

cat("{\n", paste(table_("hbk", hbk[, 1:3]), table_("wood", wood[, 1:5]), table_("starsCYG", starsCYG), sep = ",\n"), "\n}\n", sep = "")
