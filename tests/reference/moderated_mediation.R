# Conditional indirect effects from lm, held against lavaan; Johnson-Neyman bounds by root finding.
source("tests/reference/writing.R")
suppressMessages({library(psych); library(lavaan)})
d <- with(psych::bfi, data.frame(x = (C1 + C2 + C3) / 3, m1 = (N1 + N2) / 2, m2 = (E3 + E4) / 2,
                                 y = (A3 + A4 + A5) / 3, w = age, z = gender))
d <- d[complete.cases(d), ]
rows <- list()
coefficients_of <- function(case, fit) {
  s <- summary(fit)$coefficients; ci <- confint(fit)
  out <- list()
  for (k in seq_len(nrow(s))) {
    name <- gsub(":", " x ", gsub("(Intercept)", "intercept", rownames(s)[k], fixed = TRUE), fixed = TRUE)
    out <- c(out, list(number(case, paste(all.vars(formula(fit))[1], name, c("estimate", "std_error", "statistic", "p_value", "low", "high"), sep = "|"),
                              c(s[k, ], ci[k, ]))))
  }
  out
}
models <- list(
  none = c("m1 ~ x + z", "m2 ~ x + z", "y ~ x + m1 + m2 + z"),
  first = c("m1 ~ x * w + z", "m2 ~ x * w + z", "y ~ x + m1 + m2 + z"),
  second = c("m1 ~ x + z", "m2 ~ x + z", "y ~ x + m1 * w + m2 * w + z"),
  both = c("m1 ~ x * w + z", "m2 ~ x * w + z", "y ~ x + m1 * w + m2 * w + z"),
  all = c("m1 ~ x * w + z", "m2 ~ x * w + z", "y ~ x * w + m1 * w + m2 * w + z"))
pick <- function(fit, base, w) {
  b <- coef(fit); v <- vcov(fit); l <- setNames(rep(0, length(b)), names(b)); l[base] <- 1
  product <- intersect(c(paste0(base, ":w"), paste0("w:", base)), names(b))
  if (length(product)) l[product] <- w
  c(sum(l * b), drop(t(l) %*% v %*% l))
}
for (case in names(models)) {
  fits <- lapply(models[[case]], function(f) lm(as.formula(f), d))
  rows <- c(rows, list(number(case, "n", nrow(d))))
  for (f in fits) rows <- c(rows, coefficients_of(case, f))
  for (w in c(20, 45)) for (k in 1:2) {
    a <- pick(fits[[k]], "x", w); b <- pick(fits[[3]], paste0("m", k), w)
    rows <- c(rows, list(number(case, paste0(c("indirect", "delta"), "|m", k, "|", w),
                                c(a[1] * b[1], sqrt(b[1]^2 * a[2] + a[1]^2 * b[2])))))
  }
  for (w in c(20, 45)) { s <- pick(fits[[3]], "x", w); rows <- c(rows, list(number(case, paste0(c("direct", "direct_error"), "|", w), c(s[1], sqrt(s[2]))))) }
}
d$xw <- d$x * d$w
lav <- sem("m1 ~ a*x + w + a3*xw + z\n m2 ~ x + w + xw + z\n y ~ x + b*m1 + m2 + z\n at20 := (a + a3*20)*b\n index := a3*b", d)
p <- parameterEstimates(lav)
rows <- c(rows, list(number("lavaan", c("at20", "index"), p$est[match(c("at20", "index"), p$lhs)])))
hc3 <- function(fit) { x <- model.matrix(fit); b <- solve(crossprod(x)); u <- resid(fit) / (1 - hatvalues(fit)); b %*% crossprod(x * u) %*% b }
for (kind in c("classical", "hc3")) {
  fit <- lm(y ~ m1 * w + z, d); v <- if (kind == "hc3") hc3(fit) else vcov(fit); b <- coef(fit)
  critical <- qt(0.975, df.residual(fit))
  slope <- function(w) c(b["m1"] + w * b["m1:w"], sqrt(v["m1", "m1"] + 2 * w * v["m1", "m1:w"] + w^2 * v["m1:w", "m1:w"]))
  over <- function(w) { s <- slope(w); s[1]^2 - critical^2 * s[2]^2 }
  grid <- seq(-400, 800, by = 0.5); values <- sapply(grid, over); at <- which(diff(sign(values)) != 0)
  roots <- sapply(at, function(i) uniroot(over, grid[c(i, i + 1)], tol = 1e-13)$root)
  case <- paste("moderation", kind)
  rows <- c(rows, list(number(case, c("interaction", "interaction_error"), c(b["m1:w"], sqrt(v["m1:w", "m1:w"])))))
  for (w in c(20, 45)) rows <- c(rows, list(number(case, paste(c("slope", "error"), w), slope(w))))
  rows <- c(rows, list(number(case, c("roots", paste0("root", seq_along(roots))), c(length(roots), roots))))
}
write_reference("moderated_mediation", rows, c("psych", "lavaan"))
