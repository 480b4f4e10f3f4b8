source("tests/reference/writing.R")
suppressMessages({library(car); library(sandwich)})
rows <- list()
study <- function(case, x, y, z, m) {
  keep <- complete.cases(x, y, z); branch <- ((seq_along(z) - 1) %% 12)[keep]
  d <- data.frame(z = z[keep], x = x[keep] - m, y = y[keep] - m)
  fit <- lm(z ~ x + y + I(x^2) + I(x * y) + I(y^2), d)
  rows[[length(rows) + 1]] <<- number(case, c("n", paste("estimate", 1:6)), c(nrow(d), coef(fit)))
  g <- c(a1 = "b1 + b2", a2 = "b3 + b4 + b5", a3 = "b1 - b2", a4 = "b3 - b4 + b5", a5 = "b3 - b5",
         stationary_first = "(b2 * b4 - 2 * b1 * b5) / (4 * b3 * b5 - b4^2)", stationary_second = "(b1 * b4 - 2 * b2 * b3) / (4 * b3 * b5 - b4^2)")
  for (e in c("classical", "hc3", "clustered")) {
    v <- switch(e, classical = vcov(fit), hc3 = vcovHC(fit, "HC3"), clustered = vcovCL(fit, branch, type = "HC1"))
    for (k in names(g)) {
      r <- deltaMethod(fit, g[[k]], vcov. = v, parameterNames = paste0("b", 0:5))
      rows[[length(rows) + 1]] <<- number(case, paste(e, k, c("estimate", "std_error")), c(r$Estimate, r$SE))
    }
  }
}
d <- small(); study("small", d$SAT1, d$SAT2, d$LOY, 3)
b <- shared("bank", "plspm_satisfaction.csv"); study("bank", b$expe1, b$qual1, b$sat1, 5.5)
write_reference("response_surface", rows, c("car", "sandwich"))
