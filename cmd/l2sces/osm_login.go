package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A session is a login that later commands go on with. The password is not in it.
type session struct {
	URL      string    `json:"url"`
	User     string    `json:"user"`
	Project  string    `json:"project,omitempty"`
	CA       string    `json:"ca,omitempty"` // file
	Insecure bool      `json:"insecure,omitempty"`
	Until    time.Time `json:"until"`
	Token    string    `json:"token,omitempty"`
}

// loginCommand logs in at OSM.
func loginCommand() *cobra.Command {
	var d osmDoor
	c := &cobra.Command{
		Use: "login", Short: "Log in at OSM, so that other commands need no password", Args: cobra.NoArgs,
		Long: "Login keeps the token that OSM gives in l2sces/osm.json of your configuration folder ($XDG_CONFIG_HOME, else ~/.config),\n" +
			"which only you may read, and never the password. OSM's tokens last an hour.",
		Example: "  l2sces osm login --osm https://osm.example:9999 --user admin --password-file osm.password --ca osm-ca.crt",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := d.login(cmd)
			if err != nil {
				return err
			}
			s.Token = ""
			return show(cmd, s, func(w *strings.Builder) {
				fmt.Fprintf(w, "logged in at %s as %s until %s\n", s.URL, s.User, s.Until.Format(time.RFC3339))
			})
		},
	}
	d.flags(c.Flags())
	return c
}

// login gets a token and keeps it.
func (d osmDoor) login(cmd *cobra.Command) (session, error) {
	s := session{URL: d.url, User: d.user, Project: d.project, Insecure: d.insecure}
	client, err := d.fresh(cmd.InOrStdin())
	if err != nil {
		return s, err
	}
	defer client.Close()
	t, err := client.Token(cmd.Context())
	if err != nil {
		return s, err
	}
	s.Token, s.Until = t.ID, t.Until.UTC().Truncate(time.Second)
	if d.ca != "" {
		if s.CA, err = filepath.Abs(d.ca); err != nil {
			return s, err
		}
	}
	return s, s.write()
}

// logoutCommand ends a login.
func logoutCommand() *cobra.Command {
	return &cobra.Command{
		Use: "logout", Short: "Give the token of the login back, and forget it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := readSession()
			if slice.KindOf(err) == slice.Denied {
				return show(cmd, s, func(w *strings.Builder) { fmt.Fprintln(w, "you are not logged in") })
			}
			if err != nil {
				return err
			}
			left := leave(cmd, s)
			name, err := sessionFile()
			if err == nil {
				err = os.Remove(name)
			}
			if err != nil {
				return err
			}
			s.Token = ""
			if left != nil {
				_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "warning: OSM counts the token until %s: %s\n", s.Until.Format(time.RFC3339), left) // advice only
			}
			return show(cmd, s, func(w *strings.Builder) { fmt.Fprintf(w, "logged out of %s\n", s.URL) })
		},
	}
}

// leave gives a token back.
func leave(cmd *cobra.Command, s session) error {
	if time.Now().After(s.Until) {
		return nil
	}
	client, err := osmDoor{}.open(cmd.InOrStdin())
	if err != nil {
		return err
	}
	defer client.Close()
	return client.Logout(cmd.Context())
}

// sessionFile is where the login is kept.
func sessionFile() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", slice.Errorf(slice.Invalid, "there is no place for a login: %w", err)
	}
	return filepath.Join(dir, "l2sces", "osm.json"), nil
}

// readSession reads the login. None is an error of kind Denied.
func readSession() (s session, err error) {
	name, err := sessionFile()
	if err != nil {
		return s, err
	}
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return s, slice.Errorf(slice.Denied, "you are not logged in: run l2sces osm login, or give --osm, --user and --password-file")
	}
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		return s, slice.Errorf(slice.Invalid, "%s holds a token, and others may read it: chmod 600, or log in again", name)
	}
	if err != nil {
		return s, err
	}
	text, err := os.ReadFile(name) //nolint:gosec // it is our own
	if err != nil {
		return s, err
	}
	if json.Unmarshal(text, &s) != nil || s.Token == "" { // the text might be quoted
		return s, slice.Errorf(slice.Invalid, "%s is broken: log in again", name)
	}
	return s, nil
}

// write keeps the login where only its owner may read it.
func (s session) write() error {
	name, err := sessionFile()
	if err != nil {
		return err
	}
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".osm-*") // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
