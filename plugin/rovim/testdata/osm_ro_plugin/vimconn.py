"""A double of RO's base class: its names, parameters and codes, and no more."""

import logging

DOUBLE = True


class VimConnException(Exception):
    def __init__(self, message, http_code=400):
        super().__init__(message)
        self.http_code = http_code


def _kind(name, code):
    def init(self, message, http_code=code):
        VimConnException.__init__(self, message, http_code)

    return type(name, (VimConnException,), {"__init__": init})


VimConnConnectionException = _kind("VimConnConnectionException", 503)
VimConnUnexpectedResponse = _kind("VimConnUnexpectedResponse", 503)
VimConnAuthException = _kind("VimConnAuthException", 401)
VimConnNotFoundException = _kind("VimConnNotFoundException", 404)
VimConnConflictException = _kind("VimConnConflictException", 409)
VimConnNotSupportedException = _kind("VimConnNotSupportedException", 503)
VimConnNotImplemented = _kind("VimConnNotImplemented", 501)
VimConnInsufficientCredentials = _kind("VimConnInsufficientCredentials", 401)


def _abstract():
    raise VimConnNotImplemented("the connector lacks this")


class VimConnector:
    def __init__(
        self, uuid, name, tenant_id, tenant_name, url, url_admin=None,
        user=None, passwd=None, log_level=None, config={}, persistent_info={},
    ):  # fmt: skip
        self.id, self.name, self.url, self.url_admin = uuid, name, url, url_admin or url
        self.tenant_id, self.tenant_name = tenant_id, tenant_name
        self.user, self.passwd, self.config = user, passwd, config or {}
        self.availability_zone = None
        self.logger = logging.getLogger("ro.vim")
        if log_level:
            self.logger.setLevel(getattr(logging, log_level))

    def check_vim_connectivity(self):
        return None

    def get_tenant_list(self, filter_dict={}):
        _abstract()

    def new_network(
        self, net_name, net_type, ip_profile=None, shared=False, provider_network_profile=None
    ):
        _abstract()

    def get_network_list(self, filter_dict={}):
        _abstract()

    def get_network(self, net_id):
        _abstract()

    def delete_network(self, net_id, created_items=None):
        _abstract()

    def refresh_nets_status(self, net_list):
        _abstract()

    def get_flavor(self, flavor_id, flavor_name):
        _abstract()

    def get_flavor_id_from_data(self, flavor_dict):
        _abstract()

    def new_flavor(self, flavor_data):
        _abstract()

    def delete_flavor(self, flavor_id):
        _abstract()

    def get_affinity_group(self, affinity_group_id):
        _abstract()

    def new_affinity_group(self, affinity_group_data):
        _abstract()

    def delete_affinity_group(self, affinity_group_id):
        _abstract()

    def new_image(self, image_dict):
        _abstract()

    def delete_image(self, image_id):
        _abstract()

    def get_image_id_from_path(self, path):
        _abstract()

    def get_image_list(self, filter_dict={}):
        _abstract()

    def new_vminstance(
        self, name, description, start, image_id, flavor_id, affinity_group_list, net_list,
        cloud_config=None, disk_list=None, availability_zone_index=None,
        availability_zone_list=None, security_group_name=None,
    ):  # fmt: skip
        _abstract()

    def get_vminstance(self, vm_id):
        _abstract()

    def delete_vminstance(self, vm_id, created_items=None, volumes_to_hold=None):
        _abstract()

    def refresh_vms_status(self, vm_list):
        _abstract()

    def action_vminstance(self, vm_id, action_dict, created_items={}):
        _abstract()

    def get_vminstance_console(self, vm_id, console_type="vnc"):
        _abstract()

    def inject_user_key(self, ip_addr=None, user=None, key=None, ro_key=None, password=None):
        _abstract()

    def new_tenant(self, tenant_name, tenant_description):
        _abstract()

    def delete_tenant(self, tenant_id):
        _abstract()

    def migrate_instance(self, vm_id, compute_host=None):
        _abstract()

    def resize_instance(self, vm_id, flavor_id=None):
        _abstract()
