package main

import "github.com/spf13/cobra"

// packageParts are the commands that work on packages, each made in the file
// of its name.
var packageParts = []func() *cobra.Command{
	packageLintCommand, packageRulesCommand, packageGraphCommand,
	packageBuildCommand, packageSignCommand, packageVerifyCommand, packageInspectCommand, packageDiffCommand,
}

// packageCommand works on the packages that OSM onboards.
func packageCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "package",
		Short: "Check, build and sign the packages that OSM onboards",
	}
	for _, part := range packageParts {
		c.AddCommand(part())
	}
	return c
}
