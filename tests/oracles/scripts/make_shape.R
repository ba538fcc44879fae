# Robust scales, OGK and MRCD of literature tables and of a wide simulated one by robustbase and rrcov, for
# tests/oracles/test_shape_estimators.py.
#
#   apt-get install r-cran-rrcov r-cran-robustbase
#   Rscript tests/oracles/scripts/make_shape.R > tests/oracles/expected/shape.json
#
# Tables: robustbase's hbk (Hawkins, Bradu & Kass 1984, artificial), wood (Rousseeuw 1984, modified from Draper & Smith 1966) and
# starsCYG (Rousseeuw & Leroy 1987, p. 27); wide is simulated here: 16 rows of 20 variables, 3 rows of them shifted.
#
# covOGK takes its own tau scale for the pairs unless it is told otherwise, whatever `sigmamu` says: here the same scale is used throughout.

suppressMessages({ library(rrcov); library(robustbase) })

number <- function(x) format(x, digits = 15, trim = TRUE)
vector <- function(x) paste0("[", paste(number(as.numeric(x)), collapse = ", "), "]")
matrix_ <- function(x) paste0("[", paste(apply(unname(as.matrix(x)), 1, vector), collapse = ", "), "]")

ogk <- function(x, sigmamu, scale) {
  fit <- covOGK(x, sigmamu = sigmamu, rcov = function(a, b, ...) covGK(a, b, scalefn = scale))
  sprintf('{"center": %s, "covariance": %s, "kept": %d}', vector(fit$wcenter), matrix_(fit$wcov), as.integer(sum(fit$weights)))
}

mrcd <- function(x, alpha, target) {
  fit <- CovMrcd(x, alpha = alpha, target = target)
  sprintf('{"center": %s, "covariance": %s, "crit": %s, "rho": %s, "best": %s}', vector(getCenter(fit)), matrix_(getCov(fit)),
          number(fit@crit), number(fit@rho), vector(sort(fit@best)))
}

table_ <- function(name, x, wide = FALSE) {
  x <- as.matrix(x)
  parts <- c(
    sprintf('"x": %s', matrix_(x)),
    sprintf('"mad": %s', vector(apply(x, 2, mad))),
    sprintf('"qn": %s', vector(apply(x, 2, Qn))),
    sprintf('"tau": %s', vector(apply(x, 2, scaleTau2))),
    if (!wide) sprintf('"ogk_tau": %s', ogk(x, scaleTau2, scaleTau2)),
    if (!wide) sprintf('"ogk_qn": %s', ogk(x, s_Qn, Qn)),
    if (!wide) sprintf('"ogk_mad": %s', ogk(x, s_mad, mad)),
    sprintf('"mrcd_0.5": %s', mrcd(x, 0.5, "identity")),
    sprintf('"mrcd_0.75": %s', mrcd(x, 0.75, "identity")),
    if (wide) sprintf('"mrcd_equicorrelation": %s', mrcd(x, 0.75, "equicorrelation")))
  sprintf('  "%s": {\n    %s\n  }', name, paste(parts, collapse = ",\n    "))
}

set.seed(20240301)
wide <- matrix(rnorm(16 * 20), 16) + rnorm(16)
wide[1:3, ] <- wide[1:3, ] + 6
wide <- round(wide, 3)

cat("{\n", paste(table_("hbk", hbk[, 1:3]), table_("wood", wood[, 1:5]), table_("starsCYG", starsCYG), table_("wide", wide, TRUE),
                 sep = ",\n"), "\n}\n", sep = "")
