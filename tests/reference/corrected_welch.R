# Welch's F with a part of Johnson's correction for skewness, row by row from the formula.
source("tests/reference/writing.R")
rows <- list()
put <- function(case, quantity, value) rows[[length(rows) + 1]] <<- number(case, quantity, value)

corrected <- function(y, g, part) {
  known <- !is.na(y) & !is.na(g)
  by <- split(y[known], g[known])
  n <- sapply(by, length); m <- sapply(by, mean); v <- sapply(by, var); k <- length(by)
  u <- sapply(by, function(x) length(x) / (length(x) - 1) / (length(x) - 2) * sum((x - mean(x))^3))
  w <- n / v
  d <- m - weighted.mean(m, w)
  d <- d + part * (u / (6 * v * n) + u / (3 * v^2) * d^2)
  lost <- sum((1 - w / sum(w))^2 / (n - 1))
  f <- sum(w * (d - weighted.mean(d, w))^2) / (k - 1) / (1 + 2 * (k - 2) / (k^2 - 1) * lost)
  df <- (k^2 - 1) / (3 * lost)
  c(f, df, pf(f, k - 1, df, lower.tail = FALSE))
}
everything <- function(case, y, g) {
  for (part in c(0, 0.5, 1)) put(case, paste(c("f", "df", "p"), part), corrected(y, g, part))
  plain <- oneway.test(y ~ factor(g)) # part 0 is R's own test
  put(case, paste("oneway", c("f", "df", "p")), c(plain$statistic, plain$parameter[2], plain$p.value))
}
real <- shared("bank", "plspm_satisfaction.csv")
real$sat1[seq_len(nrow(real)) %% 19 == 0] <- NA
everything("three", real$sat1, 1 + (real$expe1 > 6) + (real$expe1 > 9))
everything("two", real$sat1, real$gender)
everything("uneven", real$imag1, ifelse(real$loy1 > 9, 2, 1))
write_reference("corrected_welch", rows)
