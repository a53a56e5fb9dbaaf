package osmtest

import (
	"fmt"
	"net/http"
	"regexp"
)

// wants are the keys that NBI does not do without.
var wants = map[string][]string{
	"vim_accounts": {"name", "vim_type", "vim_url", "vim_user", "vim_password", "vim_tenant_name"},
	"k8sclusters":  {"name", "credentials", "vim_account", "k8s_version", "nets"},
	"wim_accounts": {"name", "wim_type", "wim_url"},
	"sdns":         {"name", "type"},
}

var goodName = regexp.MustCompile(`^[^,;()'"]{1,255}$`)

func (n *NBI) routeAccounts() {
	n.on("POST /admin/v1/tokens", n.login)
	n.on("DELETE /admin/v1/tokens", func(c *call) error {
		delete(n.tokens, c.r.Header.Get("Authorization")[len("Bearer "):])
		c.answer.json(http.StatusOK, "token deleted")
		return nil
	})
	for kind := range wants {
		n.on("GET /admin/v1/"+kind, func(c *call) error { n.table(kind).list(c); return nil })
		n.on("GET /admin/v1/"+kind+"/{id}", func(c *call) error { return n.show(kind, c) })
		n.on("POST /admin/v1/"+kind, func(c *call) error { return n.createAccount(kind, c) })
		n.on("PATCH /admin/v1/"+kind+"/{id}", func(c *call) error { return n.editAccount(kind, c) })
		n.on("DELETE /admin/v1/"+kind+"/{id}", func(c *call) error { return n.removeAccount(kind, c) })
	}
}

func (n *NBI) login(c *call) error {
	in, err := c.object()
	if err != nil {
		return err
	}
	if in["username"] != User || in["password"] != Password {
		return refusal{http.StatusUnauthorized, "Access denied: username or password incorrect"}
	}
	if p := in["project_id"]; p != nil && p != Project {
		return refusal{http.StatusUnauthorized, fmt.Sprintf("project %v not allowed for this user", p)}
	}
	id, now := "token-"+n.id(), n.Now()
	n.tokens[id] = now.Add(n.Lasts)
	unix := float64(now.UnixMilli()) / 1000
	c.created(http.StatusOK, id, record{
		"_id": id, "issued_at": unix, "expires": unix + n.Lasts.Seconds(), "project_id": "140a310b-b6c4-4b6e-929d-c88d9f5a5afd",
		"project_name": Project, "username": User, "admin": true,
	})
	return nil
}

// show answers one record of a table.
func (n *NBI) show(name string, c *call) error {
	r, err := n.table(name).get(c.r.PathValue("id"))
	if err != nil {
		return err
	}
	c.answer.json(http.StatusOK, r)
	return nil
}

func (n *NBI) createAccount(kind string, c *call) error {
	in, err := c.object()
	if err != nil {
		return err
	}
	for _, k := range wants[kind] {
		if in[k] == nil {
			return refusal{http.StatusUnprocessableEntity, fmt.Sprintf("Format error '%s' is a required property", k)}
		}
	}
	if err := n.nameOf(kind, "", in); err != nil {
		return err
	}
	id := n.id()
	in["_id"] = id
	in["_admin"] = record{
		"created": n.seconds(), "modified": n.seconds(), "operationalState": "ENABLED", "detailed-status": "Done",
		"projects_read": []any{}, "projects_write": []any{},
	}
	hide(in)
	n.table(kind).rows = append(n.table(kind).rows, in)
	c.created(http.StatusAccepted, id, record{"_id": id, "op_id": id + ":0"})
	return nil
}

// nameOf wants a name that NBI takes and nobody else has.
func (n *NBI) nameOf(kind, id string, in record) error {
	name, given := in["name"]
	if !given {
		return nil
	}
	if !goodName.MatchString(text(name)) {
		return refusal{http.StatusUnprocessableEntity, fmt.Sprintf("Format error at 'name' '%v' does not match '^[^,;()\\'\\\"]+$'", name)}
	}
	for _, r := range n.table(kind).rows {
		if r["name"] == name && r["_id"] != id {
			return refusal{http.StatusConflict, fmt.Sprintf("name '%v' already exists for %s", name, kind)}
		}
	}
	return nil
}

// hide writes secrets as NBI shows them: encrypted.
func hide(in record) {
	for _, k := range []string{"vim_password", "wim_password", "password"} {
		if in[k] != nil {
			in[k] = "<encrypted>"
		}
	}
}

func (n *NBI) editAccount(kind string, c *call) error {
	r, err := n.table(kind).get(c.r.PathValue("id"))
	if err != nil {
		return err
	}
	in, err := c.object()
	if err != nil {
		return err
	}
	if err := n.nameOf(kind, text(r["_id"]), in); err != nil {
		return err
	}
	hide(in)
	for k, v := range in {
		r[k] = v
	}
	object(r["_admin"])["modified"] = n.seconds()
	c.answer.json(http.StatusAccepted, record{"op_id": text(r["_id"]) + ":1"})
	return nil
}

func (n *NBI) removeAccount(kind string, c *call) error {
	r, err := n.table(kind).get(c.r.PathValue("id"))
	if err != nil {
		return err
	}
	id := text(r["_id"])
	for _, k := range n.table("k8sclusters").rows {
		if kind == "vim_accounts" && k["vim_account"] == id {
			return refusal{http.StatusConflict, "There is at least one k8s_cluster using this vim_account"}
		}
	}
	n.table(kind).remove(id)
	c.answer.json(http.StatusAccepted, record{"op_id": id + ":2"})
	return nil
}
