package account

import (
	"cmp"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/service"
)

// The limits of a file of accounts and of a secret.
const (
	maxAccounts = 1000
	maxName     = 60 // bytes, as in OSM
	maxSecret   = 4096
	minSecret   = 3
	lookEvery   = time.Second
)

var allDoors = []string{service.VPLS, service.L2VPN, service.TAPI, service.NSS, service.VIM}

// holder begins the identity of whoever may have a client certificate.
const holder = "l2sces://user/"

// entry is one account of a file. Secrets are in files of their own, whose names are
// relative to the folder of this one.
type entry struct {
	Name         string       `json:"name"`
	Tenant       slice.Tenant `json:"tenant"`
	Doors        []string     `json:"doors"`
	Reads        bool         `json:"reads"`
	PasswordFile string       `json:"passwordFile"`
	TokenFile    string       `json:"tokenFile"`
	Certificate  string       `json:"certificate"` // identity of its holder
}

// Read reads a file of accounts. It and the secrets are read again when they change;
// while they are at fault, those before count.
func Read(file string, c Config) (*Accounts, error) {
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	if c.Now == nil {
		c.Now = time.Now
	}
	a := &Accounts{conf: c, file: file, fails: map[string]fail{}}
	known, seen, err := a.read()
	a.known, a.seen, a.looks = known, seen, c.Now()
	return a, err
}

// fresh returns the accounts as they are now.
func (a *Accounts) fresh() ([]credential, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.conf.Now()
	if now.Sub(a.looks) < lookEvery {
		return a.known, nil
	}
	a.looks = now
	if a.seen == a.state(a.files()) {
		return a.known, nil
	}
	known, seen, err := a.read()
	if err != nil {
		a.conf.Logger.Error("the accounts were not read again", "reason", err.Error())
		return a.known, nil
	}
	a.known, a.seen = known, seen
	a.conf.Logger.Info("the accounts were read again", "accounts", len(known))
	return a.known, nil
}

// files are those that the accounts were read from.
func (a *Accounts) files() []string {
	var all []string
	for line := range strings.SplitSeq(a.seen, "\n") {
		if name, _, ok := strings.Cut(line, "\x00"); ok {
			all = append(all, name)
		}
	}
	return all
}

// state tells files apart from what they were.
func (a *Accounts) state(files []string) string {
	var b strings.Builder
	for _, f := range files {
		fmt.Fprintf(&b, "%s\x00", f)
		if info, err := os.Stat(f); err == nil {
			fmt.Fprintf(&b, "%d %d", info.Size(), info.ModTime().UnixNano())
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// read reads the accounts, and says how the files were before: what changes meanwhile
// is seen the next time.
func (a *Accounts) read() ([]credential, string, error) {
	seen := a.state([]string{a.file})
	text, err := os.ReadFile(a.file)
	if err != nil {
		return nil, "", slice.Errorf(slice.Invalid, "accounts: %w", err)
	}
	all, err := parse(a.file, text)
	if err != nil {
		return nil, "", err
	}
	var known []credential
	for _, e := range all {
		k := credential{Account: Account{e.Name, e.Tenant, e.Doors, e.Reads}, certificate: e.Certificate}
		for _, s := range []struct {
			file string
			into *secret
		}{{e.PasswordFile, &k.password}, {e.TokenFile, &k.token}} {
			if s.file == "" {
				continue
			}
			if !filepath.IsAbs(s.file) {
				s.file = filepath.Join(filepath.Dir(a.file), s.file)
			}
			seen += a.state([]string{s.file})
			if *s.into, err = a.secret(e.Name, s.file); err != nil {
				return nil, "", err
			}
		}
		if i := slices.IndexFunc(known, k.shares); i >= 0 {
			return nil, "", slice.Errorf(slice.Invalid, "accounts %s and %s show the same token or certificate: give each its own", known[i].Name, k.Name)
		}
		known = append(known, k)
	}
	return known, seen, nil
}

// shares reports whether two accounts could not be told apart.
func (k credential) shares(o credential) bool {
	return k.token.is(o.token) || k.certificate != "" && k.certificate == o.certificate
}

// secret reads one. Its text is in no message.
func (a *Accounts) secret(name, file string) (secret, error) {
	info, err := os.Stat(file)
	if err != nil {
		return secret{}, slice.Errorf(slice.Invalid, "account %s: %w", name, err)
	}
	if info.Mode().Perm()&0o007 != 0 {
		a.conf.Logger.Warn("everybody on the machine may read a secret", "account", name, "file", file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return secret{}, slice.Errorf(slice.Invalid, "account %s: %w", name, err)
	}
	one := strings.TrimRight(string(text), "\r\n")
	if len(one) < minSecret || len(one) > maxSecret {
		return secret{}, slice.Errorf(slice.Invalid, "account %s: %s has %d bytes: a secret has %d to %d", name, file, len(one), minSecret, maxSecret)
	}
	return secretOf(one), nil
}

// parse reads the text of a file of accounts.
func parse(name string, text []byte) ([]entry, error) {
	doc, err := descriptor.Read(name, text, descriptor.Limits{})
	if err != nil {
		return nil, err
	}
	var f struct {
		Accounts []entry `json:"accounts"`
	}
	if err := descriptor.FromYAML(name, text, &f); err != nil {
		return nil, err
	}
	var problems descriptor.Problems
	complain := func(path, remedy, format string, args ...any) {
		problems = append(problems, doc.Problem(path, remedy, format, args...))
	}
	if n := len(f.Accounts); n == 0 || n > maxAccounts {
		complain("accounts", "name those who may call", "there are %d accounts: 1 to %d are taken", n, maxAccounts)
		return nil, problems.Err()
	}
	names := map[string]bool{}
	for i, e := range f.Accounts {
		path := fmt.Sprintf("accounts[%d]", i)
		if names[e.Name] {
			complain(path+".name", "keep one of the two", "account %.64q is there already", e.Name)
		}
		names[e.Name] = true
		e.check(func(field, remedy, format string, args ...any) { complain(path+field, remedy, format, args...) })
	}
	return f.Accounts, problems.Err()
}

// check complains about what is wrong with one account.
func (e entry) check(complain func(field, remedy, format string, args ...any)) {
	if e.Name == "" || len(e.Name) > maxName || strings.ContainsFunc(e.Name, odd) {
		complain(".name", "use 1 to 60 characters and no colon", "%.64q is no name of an account", e.Name)
	}
	if !slice.IsLabel(string(e.Tenant)) {
		complain(".tenant", "use up to 63 lower-case letters, digits and dashes", "%.64q is no tenant", e.Tenant)
	}
	for k, d := range e.Doors {
		if !slices.Contains(allDoors, d) {
			complain(fmt.Sprintf(".doors[%d]", k), "write one of "+strings.Join(allDoors, ", "), "there is no door %.64q", d)
		}
	}
	if e.Certificate != "" && !strings.HasPrefix(e.Certificate, holder) {
		complain(".certificate", "write "+holder+"NAME", "%.128q holds no certificate of a client", e.Certificate)
	}
	if e.PasswordFile == "" && e.TokenFile == "" && e.Certificate == "" {
		complain("", "add passwordFile, tokenFile or certificate", "account %.64s can show nothing", e.Name)
	}
}

// odd reports what a name cannot have: basic authentication ends it at a colon
// (RFC 7617, section 2).
func odd(c rune) bool { return c < ' ' || c == ':' || c == 0x7f || c == '�' }
