# Ordered items with sampling weights by lavaan: weighted thresholds, polychorics and their covariances.
source("tests/reference/writing.R")
suppressMessages({library(lavaan); library(psych)})
rows <- list()
add <- function(case, quantity, value) rows[[length(rows) + 1]] <<- number(case, quantity, value)
b <- psych::bfi
b$w <- 0.5 + (seq_len(nrow(b)) %% 7) / 4
two <- "A =~ A1 + A2 + A3 + A4 + A5\nC =~ C1 + C2 + C3 + C4 + C5"
items <- lavNames(lavaanify(two), "ov")
fit_case <- function(case, ...) {
  fit <- suppressWarnings(cfa(two, b, ordered = items, sampling.weights = "w", ...))
  stopifnot(lavInspect(fit, "converged"))
  m <- fitMeasures(fit)
  known <- c("chisq", "chisq.scaled", "df", "pvalue.scaled", "cfi.scaled", "rmsea.scaled", "srmr")
  add(case, c("n", known), c(lavInspect(fit, "ntotal"), m[known]))
  p <- parameterEstimates(fit)
  p <- p[p$se > 0, ]
  named <- paste(p$lhs, p$op, p$rhs, if (is.null(p$group)) 1 else p$group)
  add(case, paste("est", named), p$est)
  add(case, paste("se", named), p$se)
  add(case, paste("low", named), p$ci.lower)
  if (is.null(list(...)$group)) {
    r <- lavInspect(fit, "sampstat")$cov
    add(case, paste("r", rownames(r)[row(r)[lower.tri(r)]], colnames(r)[col(r)[lower.tri(r)]]), r[lower.tri(r)])
  }
}
fit_case("one")
fit_case("theta", parameterization = "theta")
fit_case("groups", group = "gender", group.equal = c("thresholds", "loadings"))
fit_case("free groups", group = "gender")
try(fit_case("pairwise", missing = "pairwise"))
write_reference("sem_ordered_weights", rows, c("lavaan", "psych"))
