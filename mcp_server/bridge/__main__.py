import sys

from mcp_server.bridge.command import main

sys.exit(main())
