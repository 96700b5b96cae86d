# Standard errors by other programs, the values of standard_errors_test.cpp.
#
# usage: Rscript standard_errors.R DATA_FOLDER
#
# flexmix: refit() maximizes the likelihood again by optim and inverts the Hessian. mclust: the
# Hessian (numDeriv) of the log-likelihood by its densities, at its estimate; and its bootstrap.
suppressMessages({
  library(flexmix)
  library(mclust)
  library(numDeriv)
})
folder <- commandArgs(trailingOnly = TRUE)[1]
cat(R.version.string, ", flexmix ", as.character(packageVersion("flexmix")), ", mclust ",
    as.character(packageVersion("mclust")), ", numDeriv ",
    as.character(packageVersion("numDeriv")), "\n", sep = "")

# Two regressions, the components by their intercepts.
plants <- read.csv(file.path(folder, "npreg.csv"))
set.seed(1)
fitted <- flexmix(yn ~ x + I(x^2), data = plants, k = 2,
                  control = list(tolerance = 1e-12, iter.max = 5000, minprior = 0))
refitted <- refit(fitted, method = "optim",
                  optim_control = list(reltol = 1e-15, maxit = 20000, ndeps = rep(1e-5, 9)))
print(cbind(estimate = refitted@coef, error = sqrt(diag(refitted@vcov))), digits = 8)

# Two Gaussians with full covariances, the components by their means.
geyser <- as.matrix(read.csv(file.path(folder, "faithful.csv")))
model <- Mclust(geyser, G = 2, modelNames = "VVV", verbose = FALSE,
                control = emControl(tol = c(1e-14, 1e-14), itmax = c(10000, 10000)))
order <- order(model$parameters$mean[1, ])
covariance <- function(v) matrix(c(v[1], v[2], v[2], v[3]), 2)
likelihood <- function(v) {
  sigma <- array(c(covariance(v[6:8]), covariance(v[9:11])), c(2, 2, 2))
  parameters <- list(pro = c(v[1], 1 - v[1]), mean = cbind(v[2:3], v[4:5]),
                     variance = mclustVariance("VVV", d = 2, G = 2))
  parameters$variance$sigma <- sigma
  parameters$variance$cholsigma <- array(apply(sigma, 3, chol), c(2, 2, 2))
  sum(dens(data = geyser, modelName = "VVV", parameters = parameters, logarithm = TRUE))
}
sigma <- model$parameters$variance$sigma
half <- function(k) sigma[, , k][c(1, 2, 4)]
at <- c(model$parameters$pro[order[1]], model$parameters$mean[, order[1]],
        model$parameters$mean[, order[2]], half(order[1]), half(order[2]))
names(at) <- c("weight1", "mean[1]1", "mean[2]1", "mean[1]2", "mean[2]2", "covariance[1,1]1",
               "covariance[2,1]1", "covariance[2,2]1", "covariance[1,1]2", "covariance[2,1]2",
               "covariance[2,2]2")
stopifnot(abs(likelihood(at) - model$loglik) < 1e-6)
print(cbind(estimate = at, error = sqrt(diag(solve(-hessian(likelihood, at))))), digits = 8)

set.seed(1)
print(summary(MclustBootstrap(model, nboot = 4999, type = "bs", verbose = FALSE), what = "se"),
      digits = 7)
