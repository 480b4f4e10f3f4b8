# A measurement model without and with a method factor of equal loadings.
source("tests/reference/writing.R")
suppressMessages({library(lavaan); library(psych)})
rows <- list()
compare <- function(case, data, constructs) {
  items <- unlist(constructs)
  base <- paste(names(constructs), "=~", sapply(constructs, paste, collapse = " + "), collapse = "\n")
  more <- paste0(base, "\nmethod_ =~ ", paste0("1*", items, collapse = " + "), "\n", paste0("method_ ~~ 0*", names(constructs), collapse = "\n"))
  data <- data[complete.cases(data[items]), items]; n <- nrow(data)
  f <- cfa(base, data); g <- suppressWarnings(cfa(more, data)); v <- coef(g)[["method_~~method_"]]
  d <- fitMeasures(f, "chisq") - fitMeasures(g, "chisq")
  rows <<- c(rows, list(number(case, c("n", "chisq", "chisq_method", "difference", "p_value", "variance", "share"),
    c(n, fitMeasures(f, "chisq"), fitMeasures(g, "chisq"), d, pchisq(d, 1, lower.tail = FALSE), v, mean(v / (diag(cov(data)) * (n - 1) / n))))))
}
bank <- shared("bank", "plspm_satisfaction.csv")
compare("bank", bank, list(quality = paste0("qual", 1:5), satisfaction = paste0("sat", 1:4), loyalty = paste0("loy", 1:4)))
turned <- bfi; for (item in c("A1", "C4", "C5", "E1", "E2", "O2", "O5")) turned[[item]] <- 7 - turned[[item]]
compare("bfi", turned, list(A = paste0("A", 1:5), C = paste0("C", 1:5), N = paste0("N", 1:5)))
write_reference("method_factor", rows, c("lavaan", "psych"))
