# Texts made up here (keyness_small.csv); G2 as the deviance of independence by stats::loglin, log ratios and
# their errors by the formulas, corrections by stats::p.adjust.
source("tests/reference/writing.R")
set.seed(51)
vocabulary <- c("fees", "app", "staff", "queue", "advice", "branch", "rates", "card", "phone", "service")
tier <- sample(c("basic", "silver", "gold"), 160, TRUE, c(5, 3, 2))
weight <- list(basic = c(6, 4, 2, 5, 1, 3, 2, 2, 2, 3), silver = c(4, 4, 3, 3, 2, 2, 3, 2, 2, 3), gold = c(2, 5, 3, 1, 5, 2, 4, 2, 1, 3))
text <- sapply(tier, function(t) paste(sample(vocabulary, 1 + rpois(1, 3), TRUE, weight[[t]]), collapse = " "))
text[5] <- ""; tier[9] <- NA
data <- data.frame(TIER = tier, TEXT = text)
path <- file.path("tests", "reference", "keyness_small.csv")
writeLines(paste("# made up by keyness.R,", R.version.string), path)
suppressWarnings(write.table(data, path, append = TRUE, sep = ",", row.names = FALSE, quote = FALSE, na = ""))
used <- !is.na(tier) & text != ""
words <- strsplit(text[used], " "); tier <- tier[used]
rows <- list()
for (unit in c("respondents", "words")) {
  own <- if (unit == "respondents") lapply(words, unique) else words
  p <- c(); name <- c()
  for (t in c("basic", "silver", "gold")) for (w in vocabulary) {
    size <- if (unit == "words") lengths(own) else rep(1, length(own))
    uses <- sapply(own, function(x) sum(x == w))
    a <- sum(uses[tier == t]); n <- sum(size[tier == t]); b <- sum(uses[tier != t]); m <- sum(size[tier != t])
    g2 <- loglin(matrix(c(a, b, n - a, m - b), 2), list(1, 2), print = FALSE)$lrt
    ratio <- log2((a / n) / (b / m)); error <- sqrt(1 / a - 1 / n + 1 / b - 1 / m) / log(2)
    p <- c(p, pchisq(g2, 1, lower.tail = FALSE)); name <- c(name, paste(unit, t, w))
    rows <- c(rows, list(number(tail(name, 1), c("count", "size", "others_count", "others_size", "g2", "p_value",
      "log_ratio", "std_error", "low", "high"), c(a, n, b, m, g2, tail(p, 1), ratio, error, ratio + c(-1, 1) * qnorm(0.975) * error))))
  }
  rows <- c(rows, list(data.frame(case = name, quantity = "holm", value = sprintf("%.17g", p.adjust(p, "holm"))),
                       data.frame(case = name, quantity = "benjamini_hochberg", value = sprintf("%.17g", p.adjust(p, "BH")))))
}
write_reference("keyness", rows)
