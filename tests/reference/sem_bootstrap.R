# Resamples of a model between latent variables, by lavaan: standard deviations and percentiles over them.
# Random on both sides: they agree within the error of so many resamples.
source("tests/reference/sem_writing.R")
text <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9
textual ~ a*visual\nspeed ~ b*textual + visual\nindirect := a*b"
draws <- function(case, data, times, seed, ...) {
  fit <- sem(text, data, ...)
  told <- function(fit) {
    s <- standardizedSolution(fit, se = FALSE)
    std <- s[s$op %in% c("~", ":="), ]
    x <- coef(fit, type = "user")
    c(std$est.std, x[c("a", "b", "indirect")])
  }
  set.seed(seed)
  out <- suppressWarnings(bootstrapLavaan(fit, R = times, FUN = told))
  out <- out[complete.cases(out), ]  # not where a negative variance standardises
  names <- c("std|a", "std|b", "std|direct", "std|indirect", "a", "b", "indirect")
  for (k in seq_along(names)) {
    v <- out[, k]
    rows <<- c(rows, list(number(case, paste(names[k], c("se", "low", "high"), sep = "|"),
                                 c(sd(v), quantile(v, c(0.025, 0.975))))))
  }
  rows <<- c(rows, list(number(case, "resamples", nrow(out))))
}
draws("complete", hs, 2000, 1)
draws("fiml", holes, 500, 2, missing = "ml")
write_reference("sem_bootstrap", rows, "lavaan")
