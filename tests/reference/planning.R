# Power of tests of means: power.t.test where the bound is 0, the noncentral t distribution elsewhere.
source(file.path("tests", "reference", "writing.R"))

rows <- list()
for (d in c(0.2, 0.5, 0.8)) for (n in c(12, 40, 155)) for (type in c("two.sample", "one.sample")) {
  name <- paste(if (type == "two.sample") "d_between" else "d_within", d, n, 0, sep = "_")
  power <- power.t.test(n = n, delta = d, sd = 1, sig.level = 0.05, type = type)$power
  rows[[length(rows) + 1]] <- number(name, "power", power)
}
for (d in c(0.2, 0.5, 0.8)) for (type in c("two.sample", "one.sample")) {
  name <- paste(if (type == "two.sample") "d_between" else "d_within", d, 0.9, sep = "_")
  needed <- power.t.test(power = 0.9, delta = d, sd = 1, sig.level = 0.05, type = type, tol = 1e-10)$n
  rows[[length(rows) + 1]] <- number(name, "respondents", ceiling(needed))
}
for (d in c(0.4, 0.6)) for (n in c(40, 155)) {
  limit <- qt(0.975, 2 * n - 2, ncp = 0.2 * sqrt(n / 2))
  power <- pt(limit, 2 * n - 2, ncp = d * sqrt(n / 2), lower.tail = FALSE)
  rows[[length(rows) + 1]] <- number(paste("d_between", d, n, 0.2, sep = "_"), "power", power)
  limit <- qt(0.975, n - 1, ncp = 0.2 * sqrt(n))
  power <- pt(limit, n - 1, ncp = d * sqrt(n), lower.tail = FALSE)
  rows[[length(rows) + 1]] <- number(paste("d_within", d, n, 0.2, sep = "_"), "power", power)
}
write_reference("planning", rows)
