package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/pkg/osm"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A session is what a login leaves behind. It holds a token, and no password.
type session struct {
	URL      string    `json:"url"`
	User     string    `json:"user"`
	Project  string    `json:"project,omitempty"`
	CA       string    `json:"ca,omitempty"`
	Insecure bool      `json:"insecure,omitempty"`
	Token    string    `json:"token"`
	Until    time.Time `json:"until"`
}

// shown is a session without its secret.
type shown struct {
	URL     string    `json:"url"`
	User    string    `json:"user"`
	Project string    `json:"project,omitempty"`
	Until   time.Time `json:"until"`
	File    string    `json:"file"`
}

// sessionFile is where the session lies: in the folder that the user's programs keep
// their settings in (XDG_CONFIG_HOME, ~/.config).
func sessionFile() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", slice.Errorf(slice.Invalid, "find a place for the login: %w", err)
	}
	return filepath.Join(dir, "l2sces", "osm.json"), nil
}

// loginCommand logs in.
func loginCommand() *cobra.Command {
	var d nbiDoor
	c := &cobra.Command{
		Use: "login", Short: "Log in to OSM for the commands that follow", Args: cobra.NoArgs,
		Long: "Login gets a token for a name and a password, and keeps the token for the other commands, in a file that only you can read\n" +
			"(~/.config/l2sces/osm.json, or below XDG_CONFIG_HOME). The password is kept nowhere. OSM ends a token after an hour.",
		Example: "  l2sces osm login --osm https://192.0.2.9:9999 --user ann --password-file ann.secret --ca osm-ca.crt",
		RunE:    func(cmd *cobra.Command, _ []string) error { return d.login(cmd) },
	}
	d.flags(c.Flags())
	for _, required := range []string{"osm", "user"} {
		if err := c.MarkFlagRequired(required); err != nil {
			panic(err) // only when there is no such flag
		}
	}
	c.MarkFlagsOneRequired("password-file", "password-stdin")
	c.MarkFlagsMutuallyExclusive("password-file", "password-stdin")
	return c
}

func (d *nbiDoor) login(cmd *cobra.Command) error {
	client, err := d.open(cmd)
	if err != nil {
		return err
	}
	defer client.Close()
	token, err := client.Token(cmd.Context())
	if err != nil {
		return err
	}
	s := session{URL: d.url, User: d.user, Project: d.project, Insecure: d.insecure, Token: token.ID, Until: token.Until.UTC().Truncate(time.Second)}
	if d.ca != "" {
		if s.CA, err = filepath.Abs(d.ca); err != nil {
			return err
		}
	}
	file, err := s.keep()
	if err != nil {
		return err
	}
	return show(cmd, shown{s.URL, s.User, s.Project, s.Until, file}, func(w *strings.Builder) {
		fmt.Fprintf(w, "logged in to %s as %s until %s\n", s.URL, s.User, s.Until.Local().Format(time.RFC3339))
	})
}

// keep writes the session in one step, readable for its owner alone.
func (s session) keep() (string, error) {
	file, err := sessionFile()
	if err != nil {
		return "", err
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return "", fmt.Errorf("keep the login: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(file), "osm-*") // which nobody else may read
	if err != nil {
		return "", fmt.Errorf("keep the login: %w", err)
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return "", errors.Join(fmt.Errorf("keep the login: %w", err), os.Remove(f.Name()))
	}
	return file, nil
}

// maxSession is what the file may have, in bytes.
const maxSession = 64 << 10

// readSession returns the session with an OSM, or with any if url is empty.
func readSession(url string) (s session, err error) {
	const how = "log in with `l2sces osm login`, or give --osm, --user and --password-file"
	file, err := sessionFile()
	if err != nil {
		return s, err
	}
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return s, slice.Errorf(slice.Denied, "you are not logged in to OSM: %s", how)
	}
	if err != nil {
		return s, err
	}
	defer func() { _ = f.Close() }() // only read from
	info, err := f.Stat()
	if err != nil {
		return s, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return s, slice.Errorf(slice.Denied, "%s can be read by others: remove it, and log in again", file)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSession))
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(text, &s); err != nil || s.URL == "" || s.Token == "" {
		return s, slice.Errorf(slice.Denied, "%s holds no login: %s", file, how) // the text may hold a token
	}
	if url != "" && strings.TrimRight(url, "/") != strings.TrimRight(s.URL, "/") {
		return s, slice.Errorf(slice.Denied, "you are logged in to %s, and not to %s: %s", s.URL, url, how)
	}
	return s, nil
}

// open returns a client with the token of the session.
func (s session) open() (*osm.Client, error) {
	config, err := osm.Files{CA: s.CA, Insecure: s.Insecure}.TLS()
	if err != nil {
		return nil, wrongFile(err)
	}
	return osm.New(osm.Config{URL: s.URL, Project: s.Project, TLS: config, Token: osm.Token{ID: s.Token, Until: s.Until}})
}

// logoutCommand logs out.
func logoutCommand() *cobra.Command {
	return &cobra.Command{
		Use: "logout", Short: "Give the token of the login back, and forget it", Args: cobra.NoArgs,
		Long:    "Logout ends the token in OSM and removes the file that login made. Who is not logged in is logged out.",
		Example: "  l2sces osm logout",
		RunE:    func(cmd *cobra.Command, _ []string) error { return logout(cmd) },
	}
}

func logout(cmd *cobra.Command) error {
	file, err := sessionFile()
	if err != nil {
		return err
	}
	if _, err := os.Stat(file); err == nil {
		s, err := readSession("")
		if err == nil {
			err = s.end(cmd)
		}
		// Whatever OSM says: nobody shall find it here.
		if err = errors.Join(err, os.Remove(file)); err != nil {
			return fmt.Errorf("the login is forgotten here, and may count in OSM until it ends: %w", err)
		}
	}
	return show(cmd, map[string]bool{"loggedIn": false}, func(w *strings.Builder) { fmt.Fprintln(w, "logged out") })
}

// end gives the token back.
func (s session) end(cmd *cobra.Command) error {
	client, err := s.open()
	if err != nil {
		return err
	}
	defer client.Close()
	return client.Logout(cmd.Context())
}
