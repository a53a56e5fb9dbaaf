package lint

import (
	"encoding/json"
	"net/url"
	"path"
)

// SARIF returns the report in the Static Analysis Results Interchange Format
// (OASIS, version 2.1.0), which code hosts and editors show beside the lines.
func (r *Report) SARIF(version string) ([]byte, error) {
	all := Rules()
	place := map[string]int{}
	driver := sarifDriver{Name: "l2sces package lint", Version: version, Rules: []sarifRule{}}
	for _, rule := range all {
		place[rule.ID] = len(driver.Rules)
		driver.Rules = append(driver.Rules, sarifRuleOf(rule))
	}
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	for _, f := range append(append([]Finding(nil), r.Findings...), r.Waived...) {
		if _, known := place[f.Rule]; !known { // of a reader of archives
			place[f.Rule] = len(driver.Rules)
			driver.Rules = append(driver.Rules, sarifRuleOf(Rule{ID: f.Rule, Severity: f.Severity, What: f.Message, Remedy: f.Remedy}))
		}
		run.Results = append(run.Results, sarifResultOf(f, place[f.Rule]))
	}
	run.Tool.Driver = driver
	return json.MarshalIndent(sarifLog{
		Schema:  "https://json.schemastore.org/sarif-2.1.0.json",
		Version: "2.1.0", Runs: []sarifRun{run},
	}, "", "  ")
}

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool struct {
		Driver sarifDriver `json:"driver"`
	} `json:"tool"`
	ColumnKind string        `json:"columnKind"`
	Results    []sarifResult `json:"results"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version,omitempty"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID      string     `json:"id"`
	Short   sarifText  `json:"shortDescription"`
	Full    *sarifText `json:"fullDescription,omitempty"`
	Help    *sarifText `json:"help,omitempty"`
	Default struct {
		Level Severity `json:"level"`
	} `json:"defaultConfiguration"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifResult struct {
	RuleID       string             `json:"ruleId"`
	RuleIndex    int                `json:"ruleIndex"`
	Level        Severity           `json:"level"`
	Message      sarifText          `json:"message"`
	Locations    []sarifLocation    `json:"locations"`
	Suppressions []sarifSuppression `json:"suppressions,omitempty"`
}

type sarifLocation struct {
	Physical struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region *sarifRegion `json:"region,omitempty"`
	} `json:"physicalLocation"`
	Logical []sarifLogical `json:"logicalLocations,omitempty"`
}

type sarifRegion struct {
	Line   int `json:"startLine"`
	Column int `json:"startColumn,omitempty"`
}

type sarifLogical struct {
	Name string `json:"fullyQualifiedName"`
}

type sarifSuppression struct {
	Kind          string `json:"kind"`
	Justification string `json:"justification"`
}

func sarifRuleOf(r Rule) sarifRule {
	out := sarifRule{ID: r.ID, Short: sarifText{r.What}}
	if r.Why != "" {
		out.Full = &sarifText{r.What + " " + r.Why}
	}
	if r.Remedy != "" {
		out.Help = &sarifText{"Remedy: " + r.Remedy + "."}
	}
	out.Default.Level = r.Severity
	return out
}

func sarifResultOf(f Finding, index int) sarifResult {
	text := f.Message
	if f.Remedy != "" {
		text += " (" + f.Remedy + ")"
	}
	var l sarifLocation
	l.Physical.Artifact.URI = (&url.URL{Path: path.Clean(f.File)}).String()
	if f.Line > 0 {
		l.Physical.Region = &sarifRegion{f.Line, f.Column}
	}
	if f.Path != "" {
		l.Logical = []sarifLogical{{f.Path}}
	}
	out := sarifResult{RuleID: f.Rule, RuleIndex: index, Level: f.Severity, Message: sarifText{text}, Locations: []sarifLocation{l}}
	if f.Waived != "" {
		out.Suppressions = []sarifSuppression{{"external", f.Waived}}
	}
	return out
}
