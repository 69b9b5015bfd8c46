"""Editing programs with a menu item of ours: where each looks for plugins, and our plugin there.

The plugins themselves stand in ``plugins/``, outside the package. They run inside their hosts and speak the
watch folder's protocol, nothing else.
"""

from avm_otio.hosts.installed import Installed, install, plugin_files, status, uninstall
from avm_otio.hosts.table import HOSTS, Host, Place, System

__all__ = ["HOSTS", "Host", "Installed", "Place", "System", "install", "plugin_files", "status", "uninstall"]
