# Aggregation of groups by the package multilevel: bfi of psych by years of age, and IBM's employees by job role.
source(file.path("tests", "reference", "writing.R"))
suppressMessages({ library(multilevel); library(nlme) })
rows <- list()
add <- function(case, quantity, value) rows[[length(rows) + 1]] <<- number(case, quantity, value)

describe <- function(case, items, group, steps, least) {
  keep <- complete.cases(items, group)
  items <- items[keep, ]; group <- as.character(group[keep])
  large <- group %in% names(which(table(group) >= least))
  items <- items[large, ]; group <- group[large]
  data <- data.frame(score = rowMeans(items), group = factor(group))
  one <- aov(score ~ group, data)
  add(case, "n", nrow(data)); add(case, "n_branches", nlevels(data$group))
  add(case, "icc1_mean_size", ICC1(one)); add(case, "icc2", ICC2(one))
  agreed <- rwg.j(items, group, (steps^2 - 1) / 12)
  for (k in seq_len(nrow(agreed))) add(case, paste0("rwg_", agreed$grpid[k]), agreed$rwg.j[k])
  add(case, "rwg_median", median(agreed$rwg.j)); add(case, "rwg_mean", mean(agreed$rwg.j))
  model <- lme(score ~ 1, random = ~ 1 | group, data, control = lmeControl(msTol = 1e-12, tolerance = 1e-10,
               opt = "optim", reltol = 1e-14))
  found <- gmeanrel(model)
  add(case, "reliability_icc", found$ICC)
  for (k in seq_along(found$MeanRel)) {
    add(case, paste0("reliability_", found$Group[k]), found$MeanRel[k])
    add(case, paste0("mean_", found$Group[k]), mean(data$score[data$group == as.character(found$Group[k])]))
  }
}
traits <- psych::bfi
flip <- function(x) 7 - x
describe("bfi_n", traits[c("N1", "N2", "N3", "N4", "N5")], traits$age, 6, 20)
describe("bfi_a", data.frame(A1 = flip(traits$A1), traits[c("A2", "A3")]), traits$age, 6, 5)
ibm <- shared("employees", "ibm_hr_attrition.csv")
describe("ibm", ibm[c("JobSatisfaction", "EnvironmentSatisfaction", "RelationshipSatisfaction")],
         paste(ibm$JobRole, ibm$EducationField), 4, 8)
write_reference("branch_aggregation", rows, c("multilevel", "nlme", "psych"))
