# J and its variance from the published formulas (Hollander, Wolfe and Chicken, section 6.2), pair by pair;
# z and p by R's test of Kendall's tau; ASE1 by the delta method,
# with derivatives of tau-b by the cell probabilities taken numerically.
source("tests/reference/writing.R")
tau_b <- function(p) {
  signs <- function(k) sign(outer(seq_len(k), seq_len(k), function(a, b) b - a))
  s <- sum(p * (signs(nrow(p)) %*% p %*% t(signs(ncol(p)))))
  s / sqrt((sum(p)^2 - sum(rowSums(p)^2)) * (sum(p)^2 - sum(colSums(p)^2)))
}
delta_method <- function(counts) {
  n <- sum(counts); p <- counts / n; h <- 1e-5
  slope <- p
  for (i in seq_along(p)) {
    at <- function(step) { q <- p; q[i] <- q[i] + step; tau_b(q) }
    # Richardson's extrapolation of central differences
    slope[i] <- (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)
  }
  sqrt((sum(p * slope^2) - sum(p * slope)^2) / n)
}
trend <- function(case, x, g) {
  keep <- complete.cases(x, g); x <- x[keep]; g <- as.integer(factor(g[keep])); n <- length(x)
  j <- 0
  for (a in sort(unique(g))) for (b in sort(unique(g))) if (a < b) {
    j <- j + sum(outer(x[g == a], x[g == b], function(u, v) (u < v) + 0.5 * (u == v)))
  }
  m <- as.numeric(table(g)); t <- as.numeric(table(x))
  expected <- (n^2 - sum(m^2)) / 4
  variance <- (n * (n - 1) * (2 * n + 5) - sum(m * (m - 1) * (2 * m + 5)) - sum(t * (t - 1) * (2 * t + 5))) / 72 +
    sum(m * (m - 1) * (m - 2)) * sum(t * (t - 1) * (t - 2)) / (36 * n * (n - 1) * (n - 2)) +
    sum(m * (m - 1)) * sum(t * (t - 1)) / (8 * n * (n - 1))
  k <- suppressWarnings(cor.test(x, g, method = "kendall", exact = FALSE))
  stopifnot(all.equal((j - expected) / sqrt(variance), unname(k$statistic)))
  number(case, c("n", "j", "expected", "std_error", "z", "p", "tau", "ase"),
         c(n, j, expected, sqrt(variance), k$statistic, k$p.value, k$estimate,
           delta_method(unclass(table(g, x)))))
}
data <- small()
rows <- list(trend("small SAT1", data$SAT1, data$TIER), trend("small LOY", data$LOY, data$TIER),
             trend("small CH_1", data$CH_1, data$TIER), trend("small NPS", data$NPS, data$TIER))
bank <- shared("bank", "bank_churn_card_tier_a.csv")
bank$tier <- match(bank$CardType, c("SILVER", "GOLD", "PLATINUM", "DIAMOND"))
half <- bank[1:2500, ]
rows <- c(rows, list(trend("bank", half$SatisfactionScore, half$tier)))
write_reference("trend", rows)
