package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
)

// summary names conditions in one cell: those that hold by their name, the
// others with a minus.
func summary(all []intent.Condition) string {
	words := make([]string, len(all))
	for i, c := range all {
		words[i] = c.Type
		if !c.Status {
			words[i] = "-" + c.Type
		}
	}
	return strings.Join(words, " ")
}

// complaint returns what the first condition that does not hold says.
func complaint(all []intent.Condition) string {
	for _, c := range all {
		if !c.Status && c.Message != "" {
			return c.Message
		}
	}
	return ""
}

// conditionsTable writes conditions, one a line, each line begun with indent.
func conditionsTable(w *strings.Builder, indent string, all []intent.Condition, now time.Time) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(w, "%sTYPE\tSTATUS\tREASON\tAGE\tGENERATION\tMESSAGE\n", indent)
	for _, c := range all {
		status := "False"
		if c.Status {
			status = "True"
		}
		fmt.Fprintf(w, "%s%s\t%s\t%s\t%s\t%d\t%s\n", indent, c.Type, status, OrDash(c.Reason != "", c.Reason), age(c.Since, now),
			c.ObservedGeneration, OneLine(c.Message))
	}
}
