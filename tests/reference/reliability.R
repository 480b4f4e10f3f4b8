source("tests/reference/writing.R")
suppressMessages(library(psych))
rows <- list()
alpha_of <- function(case, items) {
  items <- items[complete.cases(items), ]
  n <- nrow(items); k <- ncol(items)
  fit <- suppressWarnings(suppressMessages(psych::alpha(items, check.keys = FALSE, warnings = FALSE)))
  raw <- fit$total$raw_alpha
  feldt <- function(level) 1 - (1 - raw) * qf(c(1 - (1 - level) / 2, (1 - level) / 2), n - 1, (n - 1) * (k - 1))
  # psych's own interval (alpha.ci) must say the same
  own <- psych::alpha.ci(raw, n, k)
  stopifnot(all.equal(c(own$lower.ci, own$upper.ci), feldt(0.95), tolerance = 1e-12))
  out <- list(number(case, c("n", "k", "alpha", "standardized", "mean_r", "low95", "high95", "low90", "high90"),
                     c(n, k, raw, fit$total$std.alpha, fit$total$average_r, feldt(0.95), feldt(0.9))))
  for (i in seq_len(k)) {
    out <- c(out, list(number(paste(case, names(items)[i]), c("mean", "sd", "r_drop", "alpha_drop"),
                              c(fit$item.stats$mean[i], fit$item.stats$sd[i], fit$item.stats$r.drop[i],
                                if (k > 2) fit$alpha.drop$raw_alpha[i] else NA))))
  }
  out
}
data <- small()
rows <- c(rows, alpha_of("small", data[paste0("SAT", 1:4)]), alpha_of("two", data[c("SAT1", "SAT2")]))
real <- shared("bank", "plspm_satisfaction.csv")
for (block in c("imag", "expe", "qual", "val", "sat", "loy")) {
  rows <- c(rows, alpha_of(block, real[grep(paste0("^", block), names(real))]))
}
write_reference("reliability", rows, "psych")
