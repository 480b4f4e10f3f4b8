# Square tables: Bowker's test (mcnemar.test), Stuart and Maxwell's (coin::mh_test), weighted kappa (psych), shares.
source("tests/reference/writing.R")
suppressMessages({library(coin); library(psych)})
rows <- list()
add <- function(case, quantity, value) rows[[length(rows) + 1]] <<- number(case, quantity, value)
moves <- function(case, a, b, levels) {
  keep <- !is.na(a) & !is.na(b); x <- table(factor(a[keep], levels), factor(b[keep], levels)); n <- sum(x)
  add(case, "n", n)
  off <- list(up = sum(x[upper.tri(x)]), stay = sum(diag(x)), down = sum(x[lower.tri(x)]))
  for (d in names(off)) add(paste(case, d), c("count", "share", "low", "high"), c(off[[d]], off[[d]] / n, prop.test(off[[d]], n, correct = FALSE)$conf.int))
  for (i in seq_along(levels)) for (j in seq_along(levels)) {
    size <- sum(x[i, ]); ci <- suppressWarnings(prop.test(x[i, j], size, correct = FALSE)$conf.int)
    add(paste(case, levels[i], levels[j]), c("count", "share", "low", "high"), c(x[i, j], x[i, j] / size, ci))
  }
  m <- mcnemar.test(x, correct = FALSE); used <- x + t(x) > 0  # R counts pairs of empty cells as NaN: no such table here
  stopifnot(all(used[upper.tri(used)]))
  add(case, c("bowker", "bowker_df", "bowker_p"), c(m$statistic, m$parameter, m$p.value))
  h <- mh_test(as.table(x)); add(case, c("sm", "sm_df", "sm_p"), c(statistic(h), h@statistic@df, pvalue(h)))
  add(case, "binomial", binom.test(off$up, off$up + off$down)$p.value)
  k <- cohen.kappa(x); w <- 1 - outer(seq_along(levels), seq_along(levels), function(i, j) (i - j)^2 / (length(levels) - 1)^2)
  add(case, "kappa", k$weighted.kappa)
}
s <- small()
third <- function(x) as.integer(cut(x, c(0, 2, 3, 5)))
moves("small", third(s$SAT1), third(s$SAT3), 1:3)
bank <- shared("bank", "plspm_satisfaction.csv"); band <- function(x) as.integer(cut(x, c(-1, 6, 7, 8, 10)))
moves("bank", band(bank$sat1), band(bank$sat2), 1:4)
x <- as.table(matrix(c(1520, 266, 124, 66, 234, 1512, 432, 78, 117, 362, 1772, 205, 36, 82, 179, 492), 4, byrow = TRUE))
flat <- as.data.frame(x); flat <- flat[rep(seq_len(nrow(flat)), flat$Freq), ]
moves("vision", as.integer(flat$Var1), as.integer(flat$Var2), 1:4)  # Stuart (1953): unaided vision of 7477 women
write_reference("tier_migration", rows, c("coin", "psych"))
