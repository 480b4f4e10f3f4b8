# Standardised paths and products between latent variables, robust maximum likelihood with missing answers, by lavaan.
source("tests/reference/writing.R")
suppressMessages({library(lavaan); library(psych)})
rows <- list()
add <- function(case, quantity, value) rows[[length(rows) + 1]] <<- number(case, quantity, value)
tight <- list(iter.max = 20000, eval.max = 20000, rel.tol = 1e-14, x.tol = 1e-14, abs.tol = 0)
b <- psych::bfi
b$A1 <- 7 - b$A1; b$C4 <- 7 - b$C4; b$C5 <- 7 - b$C5
measure <- "agree =~ A1 + A2 + A3 + A4 + A5\n consc =~ C1 + C2 + C3 + C4 + C5\n neuro =~ N1 + N2 + N3 + N4 + N5\n"
one <- function(case, text, lhs, rhs = NULL) {
  f <- suppressWarnings(sem(paste0(measure, text), b, estimator = "MLR", missing = "ml", control = tight, em.h1.tol = 1e-13, em.h1.iter.max = 20000,
                            optim.force.converged = TRUE))
  s <- standardizedSolution(f)
  s <- if (is.null(rhs)) s[s$lhs == lhs & s$op == ":=", ] else s[s$lhs == lhs & s$op == "~" & s$rhs == rhs, ]
  m <- fitMeasures(f)
  add(case, c("n", "estimate", "se", "low", "high", "srmr"), c(nobs(f), s$est.std, s$se, s$ci.lower, s$ci.upper, m["srmr"]))
}
one("path", "neuro ~ agree", "neuro", "agree")
one("controlled", "neuro ~ agree + consc", "neuro", "agree")
one("indirect", "consc ~ p0*agree\n neuro ~ p1*consc + agree\n along := p0 * p1", "along")
write_reference("latent_effects", rows, c("lavaan", "psych"))
