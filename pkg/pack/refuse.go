package pack

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

// maxProblems bounds the complaints about one package.
const maxProblems = 100

// errRefused ends the reading of a package; why is among the complaints.
var errRefused = errors.New("refused")

// complaints gathers what is wrong with a package.
type complaints struct {
	archive string // its file, where a complaint is about the whole of it
	within  string // names of the archives around this one, with separators

	mu       sync.Mutex // files of a zip are read side by side
	problems descriptor.Problems
}

// add notes a fault of an entry.
func (c *complaints) add(rule, entry, format string, args ...any) {
	c.at(rule, descriptor.Position{File: c.place(entry)}, format, args...)
}

// at notes a fault at a place in a file of the package.
func (c *complaints) at(rule string, at descriptor.Position, format string, args ...any) {
	c.keep(descriptor.Problem{Position: at, Rule: rule, Message: fmt.Sprintf(format, args...), Remedy: remedies[rule]})
}

// keep takes complaints in, up to a bound.
func (c *complaints) keep(problems ...descriptor.Problem) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.problems = append(c.problems, problems[:min(len(problems), maxProblems-len(c.problems))]...)
}

// stop notes a fault after which nothing more can be read.
func (c *complaints) stop(rule, entry, format string, args ...any) error {
	c.add(rule, entry, format, args...)
	return errRefused
}

// full reports whether there are so many complaints that one more helps nobody.
func (c *complaints) full() bool { return len(c.all()) >= maxProblems }

// all returns the complaints.
func (c *complaints) all() descriptor.Problems {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.problems
}

// err returns the complaints as an error, or nil.
func (c *complaints) err() error { return c.all().Err() }

// place is what a complaint calls an entry.
func (c *complaints) place(entry string) string {
	switch {
	case entry != "":
		return c.within + show(entry)
	case c.within != "":
		return strings.TrimSuffix(c.within, "!/")
	default:
		return c.archive
	}
}

// show makes a name fit to be printed: whole if it is short and harmless,
// quoted if it is not.
func show(name string) string {
	const most = 200
	if len(name) > most {
		return strconv.Quote(name[:most]) + "..."
	}
	if !utf8.ValidString(name) || strings.ContainsFunc(name, unsafe) {
		return strconv.Quote(name)
	}
	return name
}

// unsafe reports whether a letter can mislead who reads a name.
func unsafe(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}

// remedies say for each rule what would help.
var remedies = map[string]string{
	"archive-format":      "give a tar.gz, a CSAR, or a zip that holds a signed CSAR",
	"archive-truncated":   "fetch or build the package again",
	"archive-trailing":    "build the package again; nothing may stand outside its entries",
	"archive-bytes":       "take out what is not needed, or ask for a higher limit",
	"archive-file-bytes":  "take out the file, or ask for a higher limit",
	"archive-files":       "take out what is not needed, or ask for a higher limit",
	"archive-ratio":       "do not trust where it comes from",
	"archive-depth":       "use fewer folders within folders",
	"archive-nested":      "unpack the inner archive into the package",
	"archive-name":        "use letters that can be printed",
	"archive-name-length": "use a shorter path",
	"archive-utf8":        "write names in UTF-8",
	"archive-traversal":   "name entries from the top folder of the package down",
	"archive-absolute":    "name entries from the top folder of the package down",
	"archive-backslash":   "separate folders by /",
	"archive-dot":         "name entries like folder/file, without . and empty parts",
	"archive-symlink":     "put the file itself into the package",
	"archive-hardlink":    "put the file itself into the package",
	"archive-device":      "packages hold plain files and folders",
	"archive-fifo":        "packages hold plain files and folders",
	"archive-kind":        "packages hold plain files and folders",
	"archive-mode":        "use modes like 0644 and 0755",
	"archive-sparse":      "store the file as it is",
	"archive-duplicate":   "keep one entry of each name",
	"archive-case":        "let names differ by more than capitals",
	"archive-header":      "build the package again",
	"archive-checksum":    "fetch or build the package again",
	"archive-encrypted":   "do not encrypt the package",
	"archive-overlap":     "do not trust where it comes from",
	"archive-method":      "store or deflate the file",
	"archive-top":         "keep everything in one folder, named like the package",
	"archive-descriptor":  "keep one *.yaml at the top and the others in folders below",
	"archive-metadata":    "build the package again",

	"sig-manifest":      "build the package again",
	"sig-unsigned":      "sign it: l2sces package sign",
	"sig-missing":       "fetch the whole package, or build it again",
	"sig-extra":         "do not trust the file; build the package again if it belongs there",
	"sig-digest":        "do not trust the file; fetch the package again",
	"sig-weak-hash":     "build and sign the package again, with SHA-256",
	"sig-algorithm":     "use SHA-256, SHA-384 or SHA-512 with RSA or ECDSA",
	"sig-external":      "put the file into the package",
	"sig-malformed":     "sign the package again",
	"sig-content":       "do not trust the package; fetch it again",
	"sig-key":           "do not trust the package; sign it again if it is yours",
	"sig-certificate":   "sign it so that the certificate is in the signature, or put it beside the CSAR",
	"sig-expired":       "sign the package again with a certificate that is valid",
	"sig-not-yet-valid": "look at the clock, or wait",
	"sig-foreign-ca":    "do not trust the package, or name its authority by --ca",
	"sig-self-signed":   "do not trust the package, or name the certificate by --ca",
	"sig-usage":         "sign with a certificate for digital signatures",
	"sig-chain":         "put the certificates between signer and authority into the signature",
	"sig-container":     "a signed zip holds one CSAR, its .cms and, if need be, its .cert",
	"sig-swapped":       "keep CSAR, signature and certificate of one package together, with one name",
}
