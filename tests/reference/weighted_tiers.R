# Moves between tiers, gaps by tier and priority maps under sampling designs, by survey: svyciprop, svymean with
# its covariance, svykappa, svyglm; R squared is divided by hand, and errors of the parts are survey's of the total
# of their influence values (derivatives by the weights, differences of fourth order).
source("tests/reference/writing.R")
suppressMessages(library(survey))
options(survey.lonely.psu = "fail")
rows <- list()
# rows without an answer weigh nothing; survey wants a number there all the same, as it keeps them after raking
part_of <- function(d, keep, names) { d$variables[!keep, names] <- 1; d[keep, ] }
counted <- function(d) sum(weights(d) > 0)
put <- function(case, quantity, value) rows[[length(rows) + 1]] <<- number(case, quantity, value)

# ---- moves
ends <- function(mark, d) {
  d$variables$MARK <- as.numeric(mark(d$variables))
  p <- svymean(~MARK, d)
  if (coef(p) > 0 && coef(p) < 1) {
    ci <- plogis(qlogis(coef(p)) + c(-1, 1) * qt(0.975, degf(d)) * SE(p) / (coef(p) * (1 - coef(p))))
    # svyciprop has the same by an iteration that ends near 1e-8
    stopifnot(abs(ci - confint(svyciprop(~MARK, d, method = "logit", df = degf(d)))) < 1e-6)
  } else ci <- binom.test(round(coef(p)) * counted(d), counted(d))$conf.int
  c(sum(d$variables$MARK[weights(d) > 0]), coef(p), ci)
}
wald <- function(case, name, columns, d) {
  q <- ncol(columns)
  for (j in seq_len(q)) d$variables[[paste0("C", j)]] <- columns[, j]
  m <- svymean(reformulate(paste0("C", seq_len(q))), d)
  left <- degf(d) - q + 1  # as in svychisq(statistic = "adjWald")
  f <- drop(coef(m) %*% solve(vcov(m), coef(m))) / q * left / degf(d)
  put(case, paste(name, c("statistic", "df1", "df2", "p")), c(f, q, left, pf(f, q, left, lower.tail = FALSE)))
}
kappa_of <- function(p, w) {
  chance <- outer(rowSums(p), colSums(p))
  (sum(w * p) - sum(w * chance)) / (1 - sum(w * chance))
}
moves <- function(case, d, first, second, k) {
  d$variables$A <- first; d$variables$B <- second
  d <- part_of(d, !is.na(first) & !is.na(second) & weights(d) > 0, c("A", "B"))
  put(case, "n", counted(d))
  to <- list(up = function(v) v$B > v$A, stay = function(v) v$B == v$A, down = function(v) v$B < v$A)
  for (name in names(to)) put(paste(case, name), c("count", "share", "low", "high"), ends(to[[name]], d))
  for (i in 1:k) for (j in 1:k) put(paste(case, i, j), c("count", "share", "low", "high"),
                                    ends(function(v) v$B == j, d[d$variables$A == i, ]))
  v <- d$variables; live <- weights(d) > 0
  pairs <- combn(k, 2)
  marks <- apply(pairs, 2, function(p) (v$A == p[1] & v$B == p[2]) - (v$A == p[2] & v$B == p[1]))
  wald(case, "symmetry", marks[, colSums(abs(marks[live, , drop = FALSE])) > 0, drop = FALSE], d)
  margins <- sapply(1:k, function(i) (v$A == i) - (v$B == i))
  wald(case, "equal_margins", margins[, -1, drop = FALSE], d)
  wald(case, "up_against_down", cbind(sign(v$B - v$A)), d)
  d$variables$CELL <- factor(v$A + k * (v$B - 1), 1:(k * k))
  cells <- svymean(~CELL, d)
  w <- 1 - (abs(outer(1:k, 1:k, "-")) / (k - 1))^2
  slope <- sapply(seq_len(k * k), function(cell) {
    move <- function(by) kappa_of(matrix(coef(cells) + by * (seq_len(k * k) == cell), k), w)
    (8 * (move(1e-4) - move(-1e-4)) - (move(2e-4) - move(-2e-4))) / 12e-4
  })
  value <- kappa_of(matrix(coef(cells), k), w)
  error <- sqrt(drop(slope %*% vcov(cells) %*% slope))
  put(case, paste("kappa", c("estimate", "std_error", "low", "high")),
      c(value, error, value + c(-1, 1) * qt(0.975, degf(d)) * error))
  if (k == 2) {
    d$variables$FA <- factor(v$A); d$variables$FB <- factor(v$B)
    s <- svykappa(~FA + FB, d)
    put(case, paste("svykappa", c("estimate", "std_error")), c(coef(s), SE(s)))
  }
}

# ---- gaps
g_of <- function(m1, v1, n1, m2, v2, n2) {
  df <- n1 + n2 - 2
  exp(lgamma(df / 2) - lgamma((df - 1) / 2)) / sqrt(df / 2) * (m1 - m2) / sqrt((n1 * v1 + n2 * v2) / df)
}
slope_of <- function(f, at) vapply(1:2, function(i) {
  h <- at[i] * 1e-4
  by <- function(s) { v <- at; v[i] <- v[i] + s * h; f(v) }
  (by(-2) - 8 * by(-1) + 8 * by(1) - by(2)) / (12 * h)
}, 0)
side <- function(d, item) {
  d$variables$X <- d$variables[[item]]
  d <- part_of(d, !is.na(d$variables$X) & weights(d) > 0, "X")
  s <- svymean(~X + I(X^2), d)
  list(n = counted(d), c = coef(s), v = vcov(s), df = degf(d))
}
gaps <- function(case, d1, d2, items, tiers) {
  p <- c()
  for (item in items) for (t in c("all", tiers)) {
    a <- side(if (t == "all") d1 else d1[d1$variables$GROUP %in% as.integer(t), ], item); b <- side(d2, item)
    v <- c(a$v[1, 1], b$v[1, 1]); df <- sum(v)^2 / sum(v^2 / c(a$df, b$df)); gap <- a$c[1] - b$c[1]; z <- gap / sqrt(sum(v))
    p <- c(p, 2 * pt(-abs(z), df))
    put(paste(case, item, t), c("n_first", "n_second", "mean_first", "mean_second", "estimate", "std_error", "statistic", "df", "p_value", "low", "high"),
        c(a$n, b$n, a$c[1], b$c[1], gap, sqrt(sum(v)), z, df, 2 * pt(-abs(z), df), gap + c(-1, 1) * qt(0.975, df) * sqrt(sum(v))))
    theta <- function(x, y) g_of(x[1], x[2] - x[1]^2, a$n, y[1], y[2] - y[1]^2, b$n)
    s1 <- slope_of(function(x) theta(x, b$c), a$c); s2 <- slope_of(function(y) theta(a$c, y), b$c)
    u <- c(s1 %*% a$v %*% s1, s2 %*% b$v %*% s2); df <- sum(u)^2 / sum(u^2 / c(a$df, b$df)); g <- theta(a$c, b$c)
    put(paste(case, item, t), c("g", "g_low", "g_high"), c(g, g + c(-1, 1) * qt(0.975, df) * sqrt(sum(u))))
  }
  put(case, paste("holm", seq_along(p)), p.adjust(p, "holm"))
}

# ---- priorities
wcor <- function(m, w) cov.wt(m, wt = w / sum(w), cor = TRUE, method = "ML")$cor
r2 <- function(r, s) if (length(s)) drop(r[1, s] %*% solve(r[s, s], r[s, 1])) else 0
lmg_of <- function(r) {
  k <- ncol(r) - 1
  vapply(1 + 1:k, function(j) mean(vapply(0:(k - 1), function(size) {
    others <- setdiff(1 + 1:k, j)
    sets <- if (size == 0) list(integer()) else if (size == k - 1) list(others) else combn(others, size, simplify = FALSE)
    mean(vapply(sets, function(s) r2(r, c(s, j)) - r2(r, s), 0))
  }, 0)), 0)
}
johnson_of <- function(r) {
  e <- eigen(r[-1, -1]); root <- e$vectors %*% diag(sqrt(e$values)) %*% t(e$vectors)
  drop(root^2 %*% solve(root, r[-1, 1])^2)
}
influence <- function(theta, w) t(vapply(seq_along(w), function(i) {
  h <- w[i] * 1e-3
  at <- function(by) { v <- w; v[i] <- v[i] + by * h; theta(v) }
  (at(-2) - 8 * at(-1) + 8 * at(1) - at(2)) / (12 * h)
}, theta(w)))
quadrant <- function(i, p, line) ifelse(i >= mean(i), ifelse(p >= line, 0, 1), ifelse(p >= line, 3, 2))
priorities <- function(case, d, y, xs, low, high, keep, replicates = FALSE) {
  keep <- keep & complete.cases(d$variables[c(y, xs)]) & weights(d) > 0
  M <- as.matrix(d$variables[keep, c(y, xs)]); w <- weights(d)[keep]; part <- part_of(d, keep, c(y, xs)); k <- length(xs)
  means <- svymean(reformulate(xs), part)
  put(case, c("n", "df"), c(nrow(M), degf(part) - k))
  fit <- svyglm(reformulate(xs, y), part)
  whole <- 1 - sum(w * (M[, 1] - cbind(1, M[, -1]) %*% coef(fit))^2) / sum(w * (M[, 1] - weighted.mean(M[, 1], w))^2)
  put(case, "r_squared", whole)
  performance <- (coef(means) - low) / (high - low) * 100
  t <- qt(0.975, degf(part))
  put(paste(case, xs), "performance", performance)
  put(paste(case, xs), "performance_error", SE(means) / (high - low) * 100)
  put(paste(case, xs), "performance_low", performance - t * SE(means) / (high - low) * 100)
  put(paste(case, xs), "performance_high", performance + t * SE(means) / (high - low) * 100)
  for (kind in c("lmg", "relative_weight")) {
    of <- if (kind == "lmg") lmg_of else johnson_of
    value <- of(wcor(M, w)); stopifnot(abs(sum(value) - whole) < 1e-10)
    u <- matrix(0, nrow(d$variables), k); u[keep, ] <- influence(function(w) of(wcor(M, w)), w)
    error <- sqrt(diag(vcov(svytotal(u, d)))); reach <- qt(0.975, degf(part) - k) * error
    put(paste(case, xs), kind, value)
    put(paste(case, xs), paste0(kind, "_error"), error)
    put(paste(case, xs), paste0(kind, "_low"), pmax(value - reach, 0))
    put(paste(case, xs), paste0(kind, "_high"), value + reach)
    put(paste(case, xs), paste0(kind, " means"), quadrant(value, performance, mean(performance)))
    put(paste(case, xs), paste0(kind, " midpoint"), quadrant(value, performance, 50))
    if (replicates) {
      jack <- as.svrepdesign(d, type = "JKn", mse = FALSE)
      again <- withReplicates(subset(jack, keep), function(w, data) {
        m <- as.matrix(data[c(y, xs)])
        p <- (apply(m[, -1], 2, weighted.mean, w) - low) / (high - low) * 100
        quadrant(of(wcor(m, w)), p, mean(p))
      }, return.replicates = TRUE)$replicates
      for (q in 0:3) put(paste(case, xs), paste0(kind, " share", q), colMeans(again == q))
    }
  }
}

# ---- a made-up survey of a bank: strata, two stages, finite populations, weights of zero, raking
data <- read.csv(file.path("tests", "reference", "design_survey.csv"), comment.char = "#")
data$ROW <- seq_len(nrow(data)); data$GROUP <- data$TIER
data$BELIEVED <- pmin(pmax(data$TIER + ((data$ROW * 7) %% 5 == 0) - ((data$ROW * 3) %% 7 == 0) + (data$ROW %% 31 == 0), 1), 4)
data$BELIEVED[data$ROW %% 17 == 3] <- NA
designs <- list(
  clusters = svydesign(~BRANCH, strata = ~REGION, weights = ~W, data = data),
  stages = svydesign(~BRANCH + ROW, strata = ~REGION, weights = ~W, fpc = ~BRANCHES + CUSTOMERS, data = data),
  zero = svydesign(~BRANCH + ROW, strata = ~REGION, weights = ~W_ZERO, fpc = ~BRANCHES + CUSTOMERS, data = data)
)
total <- sum(data$W)
designs$raked <- calibrate(designs$clusters, ~factor(TIER) + factor(SEX), c(total, total * c(0.3, 0.2, 0.1), total * 0.45),
                           calfun = "raking", epsilon = 1e-13, maxit = 500)
drivers <- c("SAT", "AGE", "LEAVES")
for (case in names(designs)) {
  d <- designs[[case]]
  moves(paste("moves", case), d, data$TIER, data$BELIEVED, 4)
  moves(paste("moves two", case), d, 1 + (data$TIER > 2), 1 + (data$BELIEVED > 2), 2)
  priorities(paste("map", case), d, "LOY", drivers, c(1, 1, 0), c(5, 4, 1), rep(TRUE, nrow(data)), case == "clusters")
  for (t in 1:2) priorities(paste("map", case, t), d, "LOY", drivers, c(1, 1, 0), c(5, 4, 1), data$TIER %in% t, case == "clusters")
}
halves <- list(data[data$REGION <= 2, ], data[data$REGION > 2, ])
firsts <- list(clusters = svydesign(~BRANCH, strata = ~REGION, weights = ~W, data = halves[[1]]),
               raked = calibrate(svydesign(~BRANCH, strata = ~REGION, weights = ~W, data = halves[[1]]), ~factor(SEX),
                                 c(4000, 1800), calfun = "raking", epsilon = 1e-13, maxit = 500))
seconds <- list(weights = svydesign(~1, weights = ~W, data = halves[[2]]), plain = svydesign(~BRANCH, weights = ~1, data = halves[[2]]))
for (i in names(firsts)) for (j in names(seconds)) gaps(paste("gaps", i, j), firsts[[i]], seconds[[j]], c("LOY", "SAT"), 1:3)

# real answers: satisfaction with a credit institution, constructed weights, strata, clusters and blanks
real <- shared("bank", "plspm_satisfaction.csv")
i <- seq_len(nrow(real))
real$W <- 0.5 + (i * 37) %% 17 / 4 + real$loy1 / 10
real$STRATUM <- real$imag1 %/% 4
real$CLUSTER <- real$STRATUM * 1000 + (i * 7) %% 9
real$GROUP <- 1 + (real$expe1 > 6) + (real$expe1 > 8)
for (name in c("sat1", "loy2", "qual1", "val1")) real[(i + nchar(name) * match(name, names(real))) %% 23 == 0, name] <- NA
band <- function(x) as.integer(cut(x, c(-1, 6, 8, 10)))
d <- svydesign(~CLUSTER, strata = ~STRATUM, weights = ~W, data = real)
moves("moves real", d, band(real$sat1), band(real$sat2), 3)
xs <- c("qual1", "val1", "imag2", "expe2")
priorities("map real", d, "sat1", xs, 0, 10, rep(TRUE, nrow(real)), TRUE)
for (t in 1:3) priorities(paste("map real", t), d, "sat1", xs, 0, 10, real$GROUP == t)
women <- real[real$gender == "female", ]; men <- real[real$gender == "male", ]
gaps("gaps real", svydesign(~CLUSTER, strata = ~STRATUM, weights = ~W, data = women), svydesign(~1, weights = ~W, data = men),
     c("sat1", "loy2", "qual1"), 1:3)
write_reference("weighted_tiers", rows, "survey")
