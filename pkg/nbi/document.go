package nbi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/nbi/rest"
)

// describe serves the document of the door, in the two forms that tools read.
func describe(e *echo.Echo) {
	e.GET("/v1/openapi.yaml", func(c echo.Context) error {
		return c.Blob(http.StatusOK, "application/yaml", rest.YAML)
	})
	e.GET("/v1/openapi.json", func(c echo.Context) error {
		return c.Blob(http.StatusOK, "application/json", rest.JSON)
	})
}
