# Power of tests against a smallest effect, by R's noncentral distributions; power.t.test and pwr's formulas
# where they exist (its lambda of R squared is u + v + 1 times f squared).
source(file.path("tests", "reference", "writing.R"))

rows <- list()
add <- function(name, value) rows[[length(rows) + 1]] <<- number(name, "power", value)
name <- function(...) paste(..., sep = "_")

for (level in c(0.95, 1 - 0.05 / 15)) {
  tail <- (1 - level) / 2
  shown <- if (level == 0.95) "plain" else "family"
  for (v in c(0.2, 0.45)) for (bound in c(0, 0.1)) for (n in c(60, 300)) for (df in c(1, 3)) {
    limit <- qchisq(tail, df, ncp = n * bound^2, lower.tail = FALSE)
    add(name("cramers_v", shown, v, bound, n, df), pchisq(limit, df, ncp = n * v^2, lower.tail = FALSE))
  }
  for (r2 in c(0.13, 0.35)) for (bound in c(0, 0.1)) for (n in c(60, 300)) for (u in c(1, 4)) {
    v <- n - u - 1
    limit <- qf(tail, u, v, ncp = n * bound / (1 - bound), lower.tail = FALSE)
    if (bound == 0) limit <- qf(tail, u, v, lower.tail = FALSE)
    add(name("r_squared", shown, r2, bound, n, u), pf(limit, u, v, ncp = n * r2 / (1 - r2), lower.tail = FALSE))
  }
  for (d in c(0.3, 0.6)) for (bound in c(0, 0.2)) for (n in c(50, 200)) for (ratio in c(0.4, 1, 2.5)) {
    df <- n * (1 + ratio) - 2
    unit <- sqrt(n * ratio / (1 + ratio))
    limit <- qt(tail, df, ncp = bound * unit, lower.tail = FALSE)
    add(name("d_between", shown, d, bound, n, ratio), pt(limit, df, ncp = d * unit, lower.tail = FALSE))
  }
  for (d in c(0.3, 0.6)) for (n in c(50, 200)) {
    power <- power.t.test(n = n, delta = d, sd = 1, sig.level = 1 - level, type = "two.sample")$power
    add(name("d_between", shown, d, 0, n, "1.0"), power)
  }
}
write_reference("study_plan", rows)
