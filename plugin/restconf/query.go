package restconf

import "github.com/labstack/echo/v4"

// The values of the query parameter content (RFC 8040, section 4.8.1).
const (
	All       = "all"
	Config    = "config"
	NonConfig = "nonconfig"
)

// Content returns which nodes a GET asks for. Of the parameters of section 4.8 it
// knows content and an unbounded depth; any other is refused, as that section wants.
func Content(c echo.Context) (string, error) {
	content := All
	for name, values := range c.QueryParams() {
		value := values[0]
		switch {
		case len(values) > 1:
			return "", Errorf(InvalidValue, "", "the query parameter %.64q is there twice", name)
		case name == "content" && (value == All || value == Config || value == NonConfig):
			content = value
		case name == "depth" && value == "unbounded":
		default:
			return "", Errorf(InvalidValue, "", "the query %.64q=%.64q is not served: content, and depth=unbounded, are", name, value)
		}
	}
	return content, nil
}
