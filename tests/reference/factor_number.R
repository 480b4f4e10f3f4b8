# Eigenvalues, mean random eigenvalues and minimum average partial correlations.
source("tests/reference/writing.R")
suppressMessages(library(psych))
rows <- list()
add <- function(...) rows <<- c(rows, list(number(...)))
sets <- list(bfi = bfi[complete.cases(bfi[, 1:25]), 1:25], bank = shared("bank", "plspm_satisfaction.csv")[, 1:27])
set.seed(1)
for (set in names(sets)) {
  items <- sets[[set]]; R <- cor(items); k <- ncol(R); n <- nrow(items)
  add(set, paste("components", seq_len(k)), eigen(R)$values)
  S <- R; diag(S) <- smc(R); add(set, paste("factors", seq_len(k)), eigen(S)$values)
  v <- vss(R, n = 8, rotate = "none", fm = "pc", n.obs = n, plot = FALSE)
  add(set, paste("map", 1:8), v$map)
  e <- eigen(R); A <- e$vectors %*% diag(sqrt(e$values))
  for (power in c(2, 4)) for (m in 0:(k - 2)) {
    P <- if (m == 0) R else { C <- R - A[, 1:m, drop = FALSE] %*% t(A[, 1:m, drop = FALSE]); cov2cor(C) }
    add(set, paste("power", power, m), mean(P[lower.tri(P)]^power))
  }
  # means of many random draws, to be met within their own error
  draws <- replicate(400, { X <- matrix(rnorm(n * k), n); r <- cor(X); s <- r; diag(s) <- smc(r); c(eigen(r)$values, eigen(s)$values) })
  add(set, c(paste("random components", 1:5), paste("random factors", 1:5)), rowMeans(draws)[c(1:5, k + 1:5)])
  add(set, paste("random percentile", 1:5), apply(draws[1:5, ], 1, quantile, 0.95))
}
write_reference("factor_number", rows, "psych")
