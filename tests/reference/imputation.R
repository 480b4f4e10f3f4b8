# Rubin's rules by mice::pool and mice::pool.scalar; what imputation should say on average, by mice with many
# imputations of the same made-up answers.
source("tests/reference/writing.R")
suppressMessages(library(mice))
rows <- list()
scalar <- function(case, q, u, n, k) {
  p <- pool.scalar(q, u^2, n = n, k = k)
  rows <<- c(rows, list(number(case, c("estimate", "within", "between", "std_error", "df", "riv", "fmi"),
                               c(p$qbar, p$ubar, p$b, sqrt(p$t), p$df, p$r, p$fmi))))
}
scalar("scalar", c(1, 1.2, 1.1, 0.7, 1.4), c(0.2, 0.25, 0.22, 0.21, 0.19), 60, 2)
scalar("scalar infinite", c(1, 1.2, 1.1, 0.7, 1.4), c(0.2, 0.25, 0.22, 0.21, 0.19), Inf, 1)
scalar("scalar small", c(-0.3, 0.1), c(1.2, 1.1), 9, 3)
scalar("scalar spread", c(-3, 1, 2.5, 0.2), c(0.02, 0.01, 0.03, 0.01), 500, 1)
# pool() on regressions: the tests and intervals a reader sees
data <- small()[c("SAT1", "SAT2", "SAT3", "SAT4", "LOY", "NPS")]
made <- mice(data, m = 6, maxit = 3, method = "pmm", seed = 5, printFlag = FALSE)
fits <- with(made, lm(LOY ~ SAT1 + SAT2))
pooled <- summary(pool(fits), conf.int = TRUE)
details <- pool(fits)$pooled
for (i in 1:3) {
  each <- t(sapply(fits$analyses, function(f) coef(summary(f))[i, 1:2]))
  rows <- c(rows, list(
    number(paste("pool", i), c(paste0("estimate", 1:6), paste0("std_error", 1:6)), c(each)),
    number(paste("pool", i), c("complete_df", "estimate", "std_error", "statistic", "df", "p_value", "low", "high",
                               "lambda", "riv", "fmi"),
           c(fits$analyses[[1]]$df.residual, unlist(pooled[i, c("estimate", "std.error", "statistic", "df",
             "p.value", "2.5 %", "97.5 %")]), unlist(details[i, c("lambda", "riv", "fmi")])))))
}
# many imputations: means and their spread under mice's own predictive mean matching and ordered regression
items <- psych::bfi[1:300, c("A2", "A3", "A4", "A5", "C1")]
rownames(items) <- NULL
lost <- (seq_len(300) * 7) %% 10 < 4 & items$A3 >= 3 # depends on an answer that stays
items$A5[lost] <- NA
items <- items[complete.cases(items[c("A2", "A3", "A4", "C1")]), ]
for (method in c("pmm", "polr")) {
  given <- items
  if (method == "polr") given$A5 <- ordered(given$A5)
  many <- mice(given, m = 60, maxit = 2, method = c("", "", "", method, ""), seed = 7, printFlag = FALSE)
  values <- sapply(1:60, function(i) {
    full <- complete(many, i); a <- as.numeric(as.character(full$A5)); c(mean(a), sd(a), cor(a, full$A3))
  })
  rows <- c(rows, list(number(paste("many", method), c("n", "missing", "mean", "sd", "r", "mean_between"),
    c(nrow(items), sum(is.na(items$A5)), rowMeans(values), sd(values[1, ])))))
}
write_reference("imputation", rows, c("mice", "psych"))
