# Empty on purpose: each run of the tests names the module that it tests.
