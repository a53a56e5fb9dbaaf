// Command testcount reads what `go test -json` prints, shows it as people like
// to read it, and ends with one line that counts the tests:
//
//	go test -json ./... | testcount
//
// It runs nothing itself. Its exit status is 1 if anything failed.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	ok, err := count(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testcount:", err)
	}
	if !ok || err != nil {
		os.Exit(1) //nolint:forbidigo // the end of main
	}
}

// An event is one line of the input (go doc test2json).
type event struct {
	Action  string
	Package string
	Test    string
	Elapsed float64
	Output  string
}

type tally struct {
	out                     io.Writer
	passed, failed, skipped int
	broken                  int                 // packages that failed without a failed test
	said                    map[string][]string // by package and test, until the verdict
	failedIn                map[string]bool
}

// count copies what matters from in to out, and reports whether all is well.
func count(in io.Reader, out io.Writer) (bool, error) {
	t := tally{out: out, said: map[string][]string{}, failedIn: map[string]bool{}}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) == nil {
				t.add(e)
			} else {
				t.print(strings.TrimSpace(string(line)) + "\n") // what a tool says beside the tests
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return false, err
		}
	}
	if t.broken > 0 {
		t.print(fmt.Sprintf("%d packages failed outside of their tests\n", t.broken))
	}
	t.print(fmt.Sprintf("%d passed, %d failed, %d skipped\n", t.passed, t.failed+t.broken, t.skipped))
	return t.failed+t.broken == 0 && t.passed > 0, nil
}

func (t *tally) print(s string) {
	_, _ = io.WriteString(t.out, s) // a closed output ends the pipe anyway
}

func (t *tally) add(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		t.said[key] = append(t.said[key], e.Output)
	case "build-output":
		t.print(e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			t.addPackage(e)
		} else {
			t.addTest(e)
		}
		delete(t.said, key)
	}
}

func (t *tally) addTest(e event) {
	switch e.Action {
	case "pass":
		t.passed++
	case "skip":
		t.skipped++
		t.print(fmt.Sprintf("skip  %s %s: %s\n", e.Package, e.Test, t.reason(e)))
	case "fail":
		t.failed++
		t.failedIn[e.Package] = true
		t.print(strings.Join(t.said[e.Package+" "+e.Test], ""))
	}
}

// reason returns the line in which a test says why it was skipped.
func (t *tally) reason(e event) string {
	for _, line := range t.said[e.Package+" "+e.Test] {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "---") {
			return line
		}
	}
	return "no reason given"
}

func (t *tally) addPackage(e event) {
	switch e.Action {
	case "pass":
		t.print(fmt.Sprintf("ok    %s %.1fs\n", e.Package, e.Elapsed))
	case "fail":
		if !t.failedIn[e.Package] {
			t.broken++
			t.sayAll(e.Package)
		}
		t.print(fmt.Sprintf("FAIL  %s %.1fs\n", e.Package, e.Elapsed))
	}
}

// sayAll prints what is left of a package that died: a panic, a deadline or a
// data race may lie with a test that never got its verdict.
func (t *tally) sayAll(pkg string) {
	for key, said := range t.said {
		if strings.HasPrefix(key, pkg+" ") {
			t.print(strings.Join(said, ""))
		}
	}
}
