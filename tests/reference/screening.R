# Distances, runs, variability and scores of the made-up survey, respondent by respondent.
source("tests/reference/writing.R")
library(psych)
data <- small()
items <- data[c("SAT1", "SAT2", "SAT3", "SAT4")]
rows <- list()

whole <- complete.cases(items)
d2 <- rep(NA, nrow(items))
d2[whole] <- mahalanobis(items[whole, ], colMeans(items[whole, ]), cov(items[whole, ]))
limit <- qchisq(0.1, ncol(items), lower.tail = FALSE)
rows <- c(rows, list(number("mahalanobis", c("limit", "n", "n_flagged"),
                            c(limit, sum(whole), sum(d2 > limit, na.rm = TRUE)))))
rows <- c(rows, list(number(paste0("d_squared:", which(whole)), "value", d2[whole])))

run <- apply(items, 1, function(x) { x <- x[!is.na(x)]; if (length(x)) max(rle(x)$lengths) else 0 })
irv <- apply(items, 1, function(x) { x <- x[!is.na(x)]; sqrt(mean((x - mean(x))^2)) })
rows <- c(rows, list(number(paste0("run:", seq_along(run)), "value", run)))
rows <- c(rows, list(number(paste0("irv:", seq_along(irv)), "value", irv)))

scored <- scoreItems(list(sat = c("SAT1", "-SAT2", "SAT3", "SAT4")), items,
                     impute = "none", min = 1, max = 5)$scores[, 1]
rows <- c(rows, list(number(paste0("score:", seq_along(scored)), "value", scored)))
bank <- shared("bank", "plspm_satisfaction.csv")
bank <- bank[grep("^(imag|expe|qual|val|sat|loy)[0-9]", names(bank))]
d2 <- mahalanobis(bank, colMeans(bank), cov(bank))
limit <- qchisq(0.001, ncol(bank), lower.tail = FALSE)
rows <- c(rows, list(number("bank", c("k", "n", "limit", "n_flagged", "largest", "at", "sum_of_squares"),
                            c(ncol(bank), nrow(bank), limit, sum(d2 > limit), max(d2), which.max(d2), sum(d2^2)))))
run <- apply(bank, 1, function(x) max(rle(x)$lengths))
rows <- c(rows, list(number("bank", c("longest_run", "runs_of_six"), c(max(run), sum(run >= 6)))))
write_reference("screening", rows, "psych")
