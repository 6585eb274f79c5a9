"""`movmo-mcp`: MCP for hosts that start their servers as commands. A pipe from stdin and stdout to the MCP door.

    command       what was asked for on the command line; begins and ends everything
    stdio         lines from and to the host
    pipe          each message as one POST, its answer as it arrives
    messages      what has to be read of a message, and errors as messages
    credentials   which token a call carries: kept, refreshed, or asked for
    sign_in       the authorization code flow in the traveler's browser
    loopback      where the browser brings the answer
    authorization the authorization server's endpoints
    wire          HTTP: no redirects, bounded answers
    store, vaults where tokens are kept between two starts
    address       which server
    trouble       what went wrong, in words

It runs on the traveler's own computer: it knows nothing of the rest of the house, and needs httpx2 only.
"""
