package nbi

import (
	"bufio"
	"crypto/sha256"
	"crypto/subtle"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
)

// OnosUsers are those whom the door of the original serves, by name.
type OnosUsers map[string]OnosUser

// An OnosUser has a password and may write, or only read.
type OnosUser struct {
	password [sha256.Size]byte
	writes   bool
}

// ReadOnosUsers reads a list of users in the form of the original: name =
// password,role[,role...]. Who has the role admin may write; who has only
// viewer may read. Groups are taken as the roles that they are named for.
func ReadOnosUsers(r io.Reader) (OnosUsers, error) {
	users := OnosUsers{}
	lines := bufio.NewScanner(io.LimitReader(r, web.MaxBody))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' || strings.HasPrefix(line, "_g_") {
			continue
		}
		name, rest, ok := strings.Cut(line, "=")
		words := strings.Split(rest, ",")
		for i := range words {
			words[i] = strings.TrimSpace(words[i])
		}
		name = strings.TrimSpace(name)
		writes := slices.ContainsFunc(words[1:], func(role string) bool { return role == "admin" || role == "_g_:admingroup" })
		reads := writes || slices.Contains(words[1:], "viewer")
		switch {
		case !ok || name == "" || words[0] == "":
			return nil, slice.Errorf(slice.Invalid, "users, line %d: it is not NAME = PASSWORD,ROLE", n)
		case !reads:
			return nil, slice.Errorf(slice.Invalid, "users, line %d: %s has neither the role admin nor viewer", n, name)
		}
		users[name] = OnosUser{sha256.Sum256([]byte(words[0])), writes}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(users) == 0 {
		return nil, slice.Errorf(slice.Invalid, "the list of users is empty")
	}
	return users, nil
}

// admit lets those in that name themselves and know their password.
func (u OnosUsers) admit(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		name, password, _ := c.Request().BasicAuth()
		user, known := u[name]
		sum := sha256.Sum256([]byte(password))
		if subtle.ConstantTimeCompare(sum[:], user.password[:]) != 1 || !known {
			c.Response().Header().Set("WWW-Authenticate", `Basic realm="karaf"`)
			return errEmpty(http.StatusUnauthorized)
		}
		if !user.writes && c.Request().Method != http.MethodGet {
			return errEmpty(http.StatusForbidden)
		}
		return next(c)
	}
}
