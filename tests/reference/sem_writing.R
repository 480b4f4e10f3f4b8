# How models of lavaan are written: everything that a fit tells, its estimates polished first.
source("tests/reference/writing.R")
suppressMessages(library(lavaan))
em <- list(optim.force.converged = TRUE, em.h1.tol = 1e-13, em.h1.iter.max = 20000)
rows <- list()

# data that ship with Python packages too
hs <- HolzingerSwineford1939
hs$w <- 0.5 + (seq_len(nrow(hs)) * 7 %% 11) / 11
hs$town <- (seq_len(nrow(hs)) * 13) %% 40
# missing at fixed places, more of them on later items, and dependent on x1 for x9
holes <- hs
for (j in 1:9) holes[(seq_len(nrow(hs)) * (j + 3)) %% 17 == j, paste0("x", j)] <- NA
holes$x9[hs$x1 > 6] <- NA
pd <- PoliticalDemocracy
bfi <- psych::bfi
bfi <- bfi[1:1000, ]
for (i in c("A1", "C4", "C5", "E1", "E2")) bfi[[i]] <- 7 - bfi[[i]]

dump <- function(case, fit, what = c("est", "fit")) {
  out <- list()
  p <- parameterEstimates(fit)
  if (is.null(p$group)) p$group <- ifelse(p$op == ":=", 0, 1)
  key <- function(t) paste(t$lhs, t$op, t$rhs, t$group, sep = "|")
  free <- !is.na(p$se) & p$se > 0
  out <- c(out, list(number(case, paste0("est|", key(p)), p$est),
                     number(case, paste0("se|", key(p))[free], p$se[free])))
  m <- fitMeasures(fit)
  keep <- c("npar", "chisq", "df", "pvalue", "chisq.scaled", "pvalue.scaled", "chisq.scaling.factor",
            "baseline.chisq", "baseline.df", "baseline.chisq.scaled", "baseline.chisq.scaling.factor",
            "cfi", "tli", "cfi.scaled", "tli.scaled", "cfi.robust", "tli.robust",
            "logl", "unrestricted.logl", "aic", "bic", "bic2", "ntotal",
            "rmsea", "rmsea.ci.lower", "rmsea.ci.upper", "rmsea.pvalue",
            "rmsea.scaled", "rmsea.ci.lower.scaled", "rmsea.ci.upper.scaled", "rmsea.pvalue.scaled",
            "rmsea.robust", "rmsea.ci.lower.robust", "rmsea.ci.upper.robust", "rmsea.pvalue.robust", "srmr")
  m <- m[intersect(keep, names(m))]
  m <- m[!is.na(m)]
  out <- c(out, list(number(case, paste0("fit|", names(m)), m)))
  if ("std" %in% what) {
    for (type in c("std.lv", "std.all")) {
      s <- standardizedSolution(fit, type = type)
      if (is.null(s$group)) s$group <- ifelse(s$op == ":=", 0, 1)
      free <- !is.na(s$se) & s$se > 0
      out <- c(out, list(number(case, paste0(type, "|", key(s)), s$est.std),
                         number(case, paste0(type, ".se|", key(s))[free], s$se[free])))
    }
    r2 <- lavInspect(fit, "rsquare")
    if (!is.list(r2)) r2 <- list(r2)
    for (g in seq_along(r2)) out <- c(out, list(number(case, paste("r2", names(r2[[g]]), g, sep = "|"), r2[[g]])))
  }
  if ("mi" %in% what) {
    mi <- modindices(fit)
    if (is.null(mi$group)) mi$group <- 1
    mi <- mi[!is.na(mi$mi), ]
    out <- c(out, list(number(case, paste0("mi|", key(mi)), mi$mi), number(case, paste0("epc|", key(mi)), mi$epc),
                       number(case, paste0("sepc|", key(mi)), mi$sepc.all)))
  }
  if ("resid" %in% what) {
    for (type in c("cor.bentler", "normalized", "standardized")) {
      r <- resid(fit, type = type)
      blocks <- if (is.null(r$cov)) r else list(r)
      for (g in seq_along(blocks)) {
        v <- blocks[[g]]$cov
        i <- lower.tri(v, diag = TRUE)
        names <- outer(rownames(v), colnames(v), paste, sep = "|")
        ok <- i & !is.na(v)
        out <- c(out, list(number(case, paste("resid", type, names[ok], g, sep = "|"), v[ok])))
      }
    }
  }
  if ("scores" %in% what) {
    for (method in c("regression", "Bartlett")) {
      s <- lavPredict(fit, method = method)
      blocks <- if (is.list(s)) s else list(s)
      for (g in seq_along(blocks)) for (f in colnames(blocks[[g]]))
        out <- c(out, list(number(case, paste("score", method, f, g, 1:4, sep = "|"), blocks[[g]][1:4, f])))
    }
  }
  out
}
# nlminb stops where the function's digits end, at gradients of 1e-6; Newton's steps on the gradient go to rounding.
polished <- function(fit, data, ...) {
  model <- fit@Model
  K <- if (model@eq.constraints) model@eq.constraints.K else diag(length(coef(fit)))
  x <- as.numeric(lavaan:::lav_model_get_parameters(model))
  gradient <- function(x) {
    m <- lavaan:::lav_model_set_parameters(model, x = x)
    g <- lavaan:::lav_model_gradient(m, lavsamplestats = fit@SampleStats, lavdata = fit@Data)
    as.numeric(crossprod(K, g))
  }
  for (i in 1:4) {
    H <- sapply(seq_len(ncol(K)), function(k) {
      h <- 1e-4
      (8 * (gradient(x + h * K[, k]) - gradient(x - h * K[, k])) -
         (gradient(x + 2 * h * K[, k]) - gradient(x - 2 * h * K[, k]))) / (12 * h)
    })
    x <- x - as.numeric(K %*% solve((H + t(H)) / 2, gradient(x)))
  }
  repolished(fit, data, x, gradient(x), ...)
}
# With missing answers in several groups lavaan's gradient is not that of its objective (each group's part is weighted
# otherwise), and restrictions that are not linear stay in the search: there the objective is differentiated, and the
# steps are those of Newton on the Lagrangian.
polished_by_objective <- function(fit, data, ...) {
  model <- fit@Model
  K <- if (model@eq.constraints) model@eq.constraints.K else diag(length(coef(fit)))
  x <- as.numeric(lavaan:::lav_model_get_parameters(model))
  slopes <- function(f, x, h = 1e-3) sapply(seq_len(ncol(K)), function(k) {
    d <- h * K[, k]
    (45 * (f(x + d) - f(x - d)) - 9 * (f(x + 2 * d) - f(x - 2 * d)) + (f(x + 3 * d) - f(x - 3 * d))) / (60 * h)
  })
  objective <- function(x) {
    m <- lavaan:::lav_model_set_parameters(model, x = x)
    as.numeric(lavaan:::lav_model_objective(m, lavsamplestats = fit@SampleStats, lavdata = fit@Data))
  }
  # what binds: equalities that are not linear, and inequalities at their boundary
  linear <- model@eq.constraints
  of <- function(f, x) if (length(formals(f))) f(x) else numeric()
  binding <- which(abs(of(model@cin.function, x)) < 1e-4)
  rules <- function(x) if (linear) numeric() else c(of(model@ceq.function, x), of(model@cin.function, x)[binding])
  H <- crossprod(K, lavInspect(fit, "information.observed") %*% K)
  for (i in 1:6) {
    g <- slopes(objective, x)
    k <- length(rules(x))
    J <- matrix(unlist(slopes(rules, x)), ncol = k, byrow = TRUE, nrow = ncol(K))
    step <- solve(rbind(cbind(H, J), cbind(t(J), diag(0, k))), c(g, rules(x)))
    g <- g - J %*% step[ncol(K) + seq_len(k)]
    x <- x - as.numeric(K %*% step[seq_len(ncol(K))])
  }
  repolished(fit, data, x, g, ...)
}
repolished <- function(fit, data, x, gradient, ...) {
  table <- parTable(fit)
  table$est[table$free > 0] <- x[table$free[table$free > 0]]
  table$start <- table$est
  args <- list(...)
  args[c("group.equal", "group.partial", "std.lv", "orthogonal", "meanstructure", "control")] <- NULL
  again <- suppressWarnings(do.call("lavaan", c(list(table, data, optim.method = "none", fixed.x = TRUE), args, em)))
  list(fit = again, gradient = max(abs(gradient)))
}
run <- function(case, model, data, what = character(), polish = polished, ...) {
  fit <- suppressWarnings(do.call("sem", c(list(model, data, ...), em)))
  end <- polish(fit, data, ...)
  cat(sprintf("%-26s gradient %.1e\n", case, end$gradient))
  rows <<- c(rows, dump(case, end$fit, what))
  invisible(end$fit)
}
