# The declared kinds of test under a design: effects as functions of the weights, errors by survey's variance of
# their influence values. Influence values come from derivatives by the weights (differences of fourth order), or,
# where moments say it all, from survey's own svymean and svycontrast, which differentiate by symbols.
source("tests/reference/writing.R")
suppressMessages(library(survey))
rows <- list()
put <- function(case, quantity, value) rows[[length(rows) + 1]] <<- number(case, quantity, value)

# ---- effects as functions of weights
centre <- function(x, w) x - sum(w * x) / sum(w)
wcor <- function(m, w) cov.wt(m, wt = w / sum(w), cor = TRUE, method = "ML")$cor
beta <- function(r, y, x) solve(r[x, x, drop = FALSE], r[x, y])
r2 <- function(r, y, x) sum(beta(r, y, x) * r[x, y])
below <- function(x) { d <- outer(x, x, "-"); (d > 0) + (d == 0) / 2 }
rho_of <- function(x, y) {
  bx <- below(x); by <- below(y)
  function(w) wcor(cbind(bx %*% w, by %*% w), w)[1, 2]
}
tau_of <- function(x, y) {
  sx <- sign(outer(x, x, "-")); sy <- sign(outer(y, y, "-"))
  both <- sx * sy; sx <- abs(sx); sy <- abs(sy)
  function(w) drop((w %*% both %*% w) / sqrt((w %*% sx %*% w) * (w %*% sy %*% w)))
}
v2 <- function(a, b, w) {
  p <- tapply(w, list(a, b), sum); p[is.na(p)] <- 0; p <- p / sum(p)
  (sum(p^2 / outer(rowSums(p), colSums(p))) - 1) / (min(dim(p)) - 1)
}
kendall_of <- function(m) {
  ranks <- t(apply(m, 1, rank)); ties <- apply(m, 1, function(v) sum(table(v)^3 - table(v)))
  function(w) {
  k <- ncol(m); n <- sum(w)
  12 * sum((colSums(w * ranks) - n * (k + 1) / 2)^2) / (n^2 * (k^3 - k) - n * sum(w * ties))
  }
}
alpha <- function(m, w) {
  v <- function(x) sum(w * centre(x, w)^2)
  k <- ncol(m); k / (k - 1) * (1 - sum(apply(m, 2, v)) / v(rowSums(m)))
}
lmg_first <- function(r) { # of predictor 1 of three, outcome 4
  g <- function(s) if (length(s)) r2(r, 4, s) else 0
  (2 * g(1) + (g(c(1, 2)) - g(2)) + (g(c(1, 3)) - g(3)) + 2 * (g(1:3) - g(2:3))) / 6
}
johnson <- function(r) {
  e <- eigen(r[1:3, 1:3]); root <- e$vectors %*% diag(sqrt(e$values)) %*% t(e$vectors)
  (root^2 %*% solve(root, r[1:3, 4])^2)[1]
}

influence <- function(theta, w) vapply(seq_along(w), function(i) {
  if (w[i] == 0) return(0)
  h <- w[i] * 1e-3
  at <- function(by) { v <- w; v[i] <- v[i] + by * h; theta(v) }
  (at(-2) - 8 * at(-1) + 8 * at(1) - at(2)) / (12 * h)
}, 0)
# the standard error of an effect: that of the total of its influence values
effect <- function(case, name, d, theta, keep) {
  part <- d[keep, ]
  w <- weights(part); w <- w[w > 0]
  value <- theta(w)
  u <- numeric(nrow(d$variables)); u[keep & weights(d) > 0] <- influence(theta, w)
  put(case, c(paste(name, "estimate"), paste(name, "std_error")), c(value, sqrt(vcov(svytotal(~I(u), d))[1])))
  c(value, sqrt(vcov(svytotal(~I(u), d))[1]))
}
ends <- function(case, name, value, error, df) {
  t <- qt(0.975, df)
  put(case, paste(name, c("low", "high")), c(value - t * error, value + t * error))
}
ends_z <- function(case, name, value, error, df) {
  t <- qt(0.975, df) * error / (1 - value^2)
  put(case, paste(name, c("low", "high")), tanh(atanh(value) + c(-t, t)))
}

tested <- function(case, d, cols, ref) {
  # cols: y, x, z, a (closed), g (group), i1-i3 (items)
  D <- d$variables[, cols]; names(D) <- c("y", "x", "z", "a", "g", "i1", "i2", "i3")
  d$variables <- D
  live <- weights(d) > 0
  m <- function(...) as.matrix(D[, c(...)])
  on <- function(...) complete.cases(D[, c(...)])
  sub <- function(keep, ...) { k <- keep & live; as.matrix(D[k, c(...), drop = FALSE]) }
  # rows without an answer weigh nothing; survey wants a number there all the same
  part <- function(k) { d$variables[!k, ] <- 1; d[k, ] }
  degf_of <- function(keep) degf(d[keep & live, ])

  k <- on("y", "x", "z"); M <- sub(k, "x", "z", "y")
  e <- effect(case, "path", d, function(w) beta(wcor(M, w), 3, 1:2)[1], k)
  ends(case, "path", e[1], e[2], degf_of(k) - 2)
  e <- effect(case, "r2", d, function(w) r2(wcor(M, w), 3, 1:2), k)
  # moderation: all z-scores of the weighted sample, the product not standardised again
  e <- effect(case, "moderation", d, function(w) {
    z <- apply(M, 2, function(v) centre(v, w) / sqrt(sum(w * centre(v, w)^2) / sum(w)))
    coef(lm(z[, 3] ~ z[, 1] * z[, 2], weights = w))[4]
  }, k)
  ends(case, "moderation", e[1], e[2], degf_of(k) - 3)
  S <- sub(k, "x", "z", "y")
  e <- effect(case, "indirect", d, function(w) { r <- wcor(S, w); r[1, 2] * beta(r, 3, 1:2)[2] }, k)
  e <- effect(case, "gain", d, function(w) { r <- wcor(S, w); r2(r, 3, 1:2) - r2(r, 3, 1) }, k)

  k <- on("x", "y"); P <- sub(k, "x", "y")
  e <- effect(case, "pearson", d, function(w) wcor(P, w)[1, 2], k)
  ends_z(case, "pearson", e[1], e[2], degf_of(k))
  s <- svycontrast(svymean(~x + y + I(x^2) + I(y^2) + I(x * y), part(k)),
                   quote((`I(x * y)` - x * y) / sqrt((`I(x^2)` - x^2) * (`I(y^2)` - y^2))))
  put(case, paste("svycontrast pearson", c("estimate", "std_error")), c(coef(s), SE(s)))
  e <- effect(case, "spearman", d, rho_of(P[, 1], P[, 2]), k)
  ends_z(case, "spearman", e[1], e[2], degf_of(k))

  k <- on("y", "g"); G <- sub(k, "y", "g")
  e <- effect(case, "trend", d, tau_of(G[, 1], G[, 2]), k)
  ends(case, "trend", e[1], e[2], degf_of(k))
  k <- on("a", "g"); A <- sub(k, "a", "g")
  e <- effect(case, "v2", d, function(w) v2(A[, 1], A[, 2], w), k)
  chi <- svychisq(~a + g, part(k), statistic = "Chisq")$statistic
  put(case, "v", sqrt(chi / (nrow(part(k)$variables) * (min(length(unique(A[, 1])), length(unique(A[, 2]))) - 1))))

  k <- on("y"); n <- sum(k & live)
  s <- svycontrast(svymean(~y + I(y^2), part(k)),
                   substitute((y - r) / sqrt((`I(y^2)` - y^2) * n / (n - 1)), list(r = ref, n = n)))
  put(case, paste("mean", c("estimate", "std_error")), c(coef(s), SE(s)))
  ends(case, "mean", coef(s), SE(s), degf_of(k))
  put(case, "mean by svyvar", (coef(svymean(~y, part(k))) - ref) / sqrt(svyvar(~y, part(k & live))))
  k <- on("i1", "i2"); n <- sum(k & live)
  d$variables$diff <- D$i1 - D$i2
  s <- svycontrast(svymean(~diff + I(diff^2), part(k)),
                   substitute(diff / sqrt((`I(diff^2)` - diff^2) * n / (n - 1)), list(n = n)))
  put(case, paste("contrast", c("estimate", "std_error")), c(coef(s), SE(s)))
  ends(case, "contrast", coef(s), SE(s), degf_of(k))

  k <- on("i1", "i2", "i3", "y"); I <- sub(k, "i1", "i2", "i3", "y")
  e <- effect(case, "drivers", d, function(w) r2(wcor(I, w), 4, 1:3), k)
  effect(case, "lmg", d, function(w) lmg_first(wcor(I, w)), k)
  effect(case, "johnson", d, function(w) johnson(wcor(I, w)), k)
  w <- weights(d)[k & live]
  put(case, "drivers adjusted", 1 - (1 - e[1]) * (sum(w)^2 / sum(w^2) - 1) / (sum(w)^2 / sum(w^2) - 4))
  k <- on("i1", "i2", "i3"); R <- sub(k, "i1", "i2", "i3")
  effect(case, "repeated", d, kendall_of(R), k)
  effect(case, "alpha", d, function(w) alpha(R, w), k)
  put(case, "degf", degf_of(on("y")))
}

# ---- a made-up survey of a bank: strata, two stages, finite populations, weights of zero, raking
data <- read.csv(file.path("tests", "reference", "design_survey.csv"), comment.char = "#")
data$ROW <- seq_len(nrow(data))
data$BAL <- log(data$BALANCE)
cols <- c("LOY", "SAT", "BAL", "AGE", "TIER", "SAT", "AGE", "SEX")
designs <- list(
  weights = svydesign(~1, weights = ~W, data = data),
  clusters = svydesign(~BRANCH, strata = ~REGION, weights = ~W, data = data),
  stages = svydesign(~BRANCH + ROW, strata = ~REGION, weights = ~W, fpc = ~BRANCHES + CUSTOMERS, data = data),
  zero = svydesign(~BRANCH + ROW, strata = ~REGION, weights = ~W_ZERO, fpc = ~BRANCHES + CUSTOMERS, data = data)
)
total <- sum(data$W)
raked <- calibrate(designs$clusters, ~factor(TIER) + factor(SEX),
                   c(total, total * c(0.3, 0.2, 0.1), total * 0.45), calfun = "raking", epsilon = 1e-13, maxit = 500)
designs$raked <- raked
for (case in names(designs)) { message(case); tested(case, designs[[case]], cols, 55) }

# two samples: men of one design, women of another
first <- designs$clusters
g <- function(m1, v1, n1, m2, v2, n2) {
  df <- n1 + n2 - 2
  exp(lgamma(df / 2) - lgamma((df - 1) / 2)) / sqrt(df / 2) * (m1 - m2) / sqrt(((n1 - 1) * v1 + (n2 - 1) * v2) / df)
}
half <- list(data[data$REGION <= 2, ], data[data$REGION > 2, ])
ds <- lapply(half, function(h) svydesign(~BRANCH, strata = ~REGION, weights = ~W, data = h))
mv <- lapply(ds, function(d) {
  k <- !is.na(d$variables$LOY)
  s <- svymean(~LOY + I(LOY^2), d[k, ])
  list(c = coef(s), v = vcov(s), n = sum(k), df = degf(d[k, ]))
})
theta <- function(a, b) g(a[1], (a[2] - a[1]^2) * mv[[1]]$n / (mv[[1]]$n - 1), mv[[1]]$n,
                          b[1], (b[2] - b[1]^2) * mv[[2]]$n / (mv[[2]]$n - 1), mv[[2]]$n)
slope <- function(f, at) vapply(1:2, function(i) {
  h <- at[i] * 1e-4
  by <- function(s) { v <- at; v[i] <- v[i] + s * h; f(v) }
  (by(-2) - 8 * by(-1) + 8 * by(1) - by(2)) / (12 * h)
}, 0)
s1 <- slope(function(a) theta(a, mv[[2]]$c), mv[[1]]$c); s2 <- slope(function(b) theta(mv[[1]]$c, b), mv[[2]]$c)
va <- c(t(s1) %*% mv[[1]]$v %*% s1, t(s2) %*% mv[[2]]$v %*% s2)
df <- sum(va)^2 / sum(va^2 / c(mv[[1]]$df, mv[[2]]$df))
put("gap", c("gap estimate", "gap std_error", "gap df"), c(theta(mv[[1]]$c, mv[[2]]$c), sqrt(sum(va)), df))
ends("gap", "gap", theta(mv[[1]]$c, mv[[2]]$c), sqrt(sum(va)), df)

# the jackknife of the same effects, by withReplicates
jk <- as.svrepdesign(subset(designs$clusters, !is.na(LOY) & !is.na(SAT)), type = "JKn", mse = FALSE)
for (name in c("trend", "indirect", "spearman")) {
  theta <- switch(name,
    trend = function(w, d) { k <- w > 0; tau_of(d$LOY[k], d$TIER[k])(w[k]) },
    spearman = function(w, d) { k <- w > 0; rho_of(d$SAT[k], d$LOY[k])(w[k]) },
    indirect = function(w, d) { r <- wcor(cbind(d$SAT, d$BAL, d$LOY), w); r[1, 2] * beta(r, 3, 1:2)[2] })
  s <- withReplicates(jk, theta)
  put("jackknife", paste(name, c("estimate", "std_error")), c(coef(s), SE(s)))
}

# an effect by customers and by assets, from the same respondents
d <- designs$clusters
k <- complete.cases(data[, c("LOY", "SAT")])
M <- as.matrix(data[k, c("SAT", "LOY")])
votes <- function(w) wcor(M, w)[1, 2]
worth <- data$BALANCE[k]
u <- numeric(nrow(data)); w <- weights(d)[k]
u[k] <- worth * influence(votes, w * worth) - influence(votes, w)
put("value", c("first", "second", "difference", "std_error"),
    c(votes(w), votes(w * worth), votes(w * worth) - votes(w), sqrt(vcov(svytotal(~I(u), d))[1])))

# real answers: satisfaction with a credit institution, constructed weights, strata, clusters and blanks
real <- shared("bank", "plspm_satisfaction.csv")
i <- seq_len(nrow(real))
real$W <- 0.5 + (i * 37) %% 17 / 4 + real$loy1 / 10
real$STRATUM <- real$imag1 %/% 4
real$CLUSTER <- real$STRATUM * 1000 + (i * 7) %% 9
real$GROUP <- 1 + (real$expe1 > 6) + (real$expe1 > 8)
real$SEX <- as.integer(factor(real$gender))
for (name in c("sat1", "loy2", "qual1", "val1")) real[(i + nchar(name) * match(name, names(real))) %% 23 == 0, name] <- NA
d <- svydesign(~CLUSTER, strata = ~STRATUM, weights = ~W, data = real)
tested("real", d, c("sat1", "qual1", "val1", "SEX", "GROUP", "sat2", "sat3", "loy2"), 5.5)
write_reference("declared_weighted", rows, "survey")
