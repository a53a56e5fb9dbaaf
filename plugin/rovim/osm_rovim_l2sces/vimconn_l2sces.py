"""The connector of RO for VIM accounts of type l2sces.

It passes RO's calls on to osm-plugin, which decides everything, and returns its
answers as RO expects them: as values, or as exceptions of RO's own classes."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import time
import uuid
from typing import Any, Callable, Dict, Iterable, Mapping, NoReturn
from urllib.parse import quote, urlencode, urlsplit

from osm_ro_plugin import vimconn

PROCESS = str(uuid.uuid4())  # tells this RO from the one before it
LARGEST = 8 << 20  # bytes of an answer
Item = Dict[str, Any]
KINDS = {
    400: vimconn.VimConnException,
    401: vimconn.VimConnAuthException,
    403: vimconn.VimConnInsufficientCredentials,
    404: vimconn.VimConnNotFoundException,
    409: vimconn.VimConnConflictException,
    501: vimconn.VimConnNotImplemented,
    **dict.fromkeys((429, 502, 503, 504), vimconn.VimConnConnectionException),
}


class _Answer(Item):
    """An answer of osm-plugin; it has the keys that are asked for."""

    def __missing__(self, key: str) -> NoReturn:
        raise vimconn.VimConnUnexpectedResponse(f"osm-plugin's answer has no {key}")


def _refuse(what: str) -> Callable[..., NoReturn]:
    """Return a method that says that this VIM has no such thing."""

    def method(self: VimConnector, *_: Any, **_kwargs: Any) -> NoReturn:
        raise vimconn.VimConnNotImplemented(f"VIM {self.name} makes networks only, no {what}")

    return method


class VimConnector(vimconn.VimConnector):
    """A domain of L2S-CES as a VIM: it has networks and nothing else."""

    def __init__(
        self,
        uuid: str,
        name: str,
        tenant_id: str | None,
        tenant_name: str | None,
        url: str,
        url_admin: str | None = None,
        user: str | None = None,
        passwd: str | None = None,
        log_level: str | None = None,
        config: Mapping[str, Any] | None = None,
        persistent_info: Mapping[str, Any] | None = None,
    ) -> None:
        config = config or {}
        super().__init__(
            uuid, name, tenant_id, tenant_name, url, url_admin,
            user, passwd, log_level, config, persistent_info or {},
        )  # fmt: skip
        self.domain = str(config.get("domain") or tenant_name or tenant_id or name)
        self.insecure = config.get("insecure") is True
        try:
            self.timeout = min(600.0, max(1.0, float(config.get("timeout") or 60)))
            parts = urlsplit(url or "")
            self.host, self.port = parts.hostname or "", parts.port
            self.base = parts.path.rstrip("/") or "/vim/v1"
            self._tls = self._trust(parts.scheme, config)
        except (TypeError, ValueError, OSError) as e:
            raise vimconn.VimConnException(f"VIM {name}: {type(e).__name__}: {e}") from e
        if not self.host or parts.username or parts.query or parts.fragment:
            raise vimconn.VimConnException(f"VIM {name}: vim_url is not https://HOST:PORT")

    def _trust(self, scheme: str, config: Mapping[str, Any]) -> ssl.SSLContext | None:
        """Return how the plugin is verified."""
        if scheme == "http" and self.insecure:
            return None
        if scheme != "https":
            raise ValueError("vim_url is not https; plain http needs insecure: true")
        tls = ssl.create_default_context(cafile=config.get("ca_cert") or None)
        tls.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.insecure:
            tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        if config.get("client_cert"):
            tls.load_cert_chain(config["client_cert"], config.get("client_key"))
        return tls

    # What RO asks for.

    def check_vim_connectivity(self) -> None:
        self._call("GET", "", query={"domain": self.domain}, once=True)

    def get_tenant_list(self, filter_dict: Mapping[str, Any] = {}) -> list[Item]:
        return list(self._call("GET", "/tenants", query=filter_dict)["tenants"])

    def new_network(
        self,
        net_name: str,
        net_type: str | None,
        ip_profile: Mapping[str, Any] | None = None,
        shared: bool = False,
        provider_network_profile: Mapping[str, Any] | None = None,
    ) -> tuple[str, dict[str, str] | None]:
        request = str(uuid.uuid4())
        order = {
            "request": request,
            "process": PROCESS,
            "domain": self.domain,
            "name": net_name,
            "type": net_type or "",
            "shared": bool(shared),
            "ip_profile": ip_profile,
            "provider_network_profile": provider_network_profile,
        }
        try:
            net = self._call("POST", "/networks", order)
            return net["id"], net.get("created_items")
        except vimconn.VimConnConnectionException:
            self._cancel(request)
            raise

    def _cancel(self, request: str) -> None:
        """Take back what a call may have made; RO forgets a call that failed."""
        try:
            self._call("DELETE", f"/requests/{request}", once=True)
        except vimconn.VimConnException as e:
            self.logger.warning("request %s was not taken back: %s", request, e)

    def get_network_list(self, filter_dict: Mapping[str, Any] = {}) -> list[Item]:
        query = {"domain": self.domain, **(filter_dict or {})}
        if query.pop("admin_state_up", True) is False:
            return []
        found: list[Item] = []
        while True:
            page = self._call("GET", "/networks", query=query)
            found += page["networks"]
            if not page.get("next"):
                return found
            query["cursor"] = page["next"]

    def get_network(self, net_id: str) -> Item:
        return dict(self._call("GET", f"/networks/{quote(str(net_id), safe='')}"))

    def delete_network(
        self, net_id: str | None, created_items: Mapping[str, str] | None = None
    ) -> str | None:
        net_id = net_id or (created_items or {}).get("network")
        if net_id:
            self._call("DELETE", f"/networks/{quote(str(net_id), safe='')}")
        return net_id

    def refresh_nets_status(self, net_list: Iterable[str]) -> dict[str, Item]:
        wanted = list(net_list)
        answer = self._call("POST", "/networks/refresh", {"ids": [n for n in wanted if n]})
        gone = {"status": "DELETED", "name": None, "error_msg": None, "vim_info": ""}
        return {n: {**gone, **answer["networks"].get(n, {})} for n in wanted}

    new_tenant = delete_tenant = _refuse("tenants: a domain is registered with the SCO")
    get_flavor = get_flavor_id_from_data = new_flavor = delete_flavor = _refuse("flavors")
    get_image_list = get_image_id_from_path = new_image = delete_image = _refuse("images")
    get_vminstance = new_vminstance = delete_vminstance = _refuse("VMs: use KNFs")
    refresh_vms_status = action_vminstance = get_vminstance_console = _refuse("VMs: use KNFs")
    inject_user_key = migrate_instance = resize_instance = _refuse("VMs: use KNFs")
    get_affinity_group = new_affinity_group = delete_affinity_group = _refuse("affinity groups")
    new_shared_volumes = delete_shared_volumes = _refuse("volumes")
    new_classification = delete_classification = new_sfi = delete_sfi = _refuse("service chains")
    new_sf = delete_sf = new_sfp = delete_sfp = _refuse("service chains")

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        once: bool = False,
    ) -> _Answer:
        """Ask the plugin, again while it is away: each call may be repeated."""
        given = {k: v for k, v in (query or {}).items() if v is not None}
        words = {k: json.dumps(v) if isinstance(v, bool) else v for k, v in given.items()}
        target = f"{self.base}{path}?{urlencode(words)}"
        end, pause = time.monotonic() + self.timeout, 0.25
        while True:
            try:
                return self._answer(*self._send(method, target, body, end))
            except vimconn.VimConnConnectionException as e:
                untrusted = isinstance(e.__cause__, ssl.SSLCertVerificationError)
                if once or untrusted or time.monotonic() + pause >= end:
                    raise
            time.sleep(pause)
            pause = min(2 * pause, 5.0)

    def _send(
        self, method: str, target: str, body: Mapping[str, Any] | None, end: float
    ) -> tuple[int, bytes]:
        """Make one attempt, which may take half of the time of the call."""
        end = max(min(end, (now := time.monotonic()) + self.timeout / 2), now + 0.1)
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if self.user is not None:
            pair = f"{self.user}:{self.passwd or ''}".encode()
            headers["Authorization"] = "Basic " + base64.b64encode(pair).decode()
        at, wait = (self.host, self.port), end - now
        line = http.client.HTTPConnection(*at, timeout=wait)
        if self._tls:
            line = http.client.HTTPSConnection(*at, timeout=wait, context=self._tls)
        try:
            data = None if body is None else json.dumps(body, sort_keys=True).encode()
            line.request(method, target, body=data, headers=headers)
            sock, answer, got = line.sock, line.getresponse(), bytearray()
            while chunk := answer.read1(1 << 16):
                got += chunk
                if len(got) > LARGEST:
                    raise vimconn.VimConnUnexpectedResponse("osm-plugin answers too much")
                if (left := end - time.monotonic()) <= 0:
                    raise TimeoutError("the answer takes too long")
                sock.settimeout(left)
            if answer.length:
                raise http.client.IncompleteRead(got, answer.length)
            return answer.status, bytes(got)
        except (OSError, http.client.HTTPException) as e:
            text = f"osm-plugin at {self.host}:{self.port}: {type(e).__name__}: {e}"
            raise vimconn.VimConnConnectionException(text) from e
        except (TypeError, ValueError) as e:
            raise vimconn.VimConnException(f"VIM {self.name}: {e}") from e
        finally:
            line.close()

    def _answer(self, status: int, body: bytes) -> _Answer:
        """Return what was answered, or raise it as what RO calls it."""
        try:
            value = json.loads(body) if body else {}
        except ValueError:
            value = None
        if isinstance(value, dict) and 200 <= status < 300:
            return _Answer(value)
        problem = value if isinstance(value, dict) else {"title": "an answer without sense"}
        detail = problem.get("detail") or problem.get("title")
        text = f"osm-plugin at {self.host}:{self.port} answers {status}: {detail}"
        raise KINDS.get(status, vimconn.VimConnUnexpectedResponse)(text)
