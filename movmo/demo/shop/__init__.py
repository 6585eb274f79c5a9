"""A partner's shop with the checkout button, for people who want to see it work and for tests that make sure it does.

It is on this server and knows nothing of it: it lives on a host of its own, searches at the airline itself as partners
do, and calls Movmo over REST with the demo partner's key. Not in production.

    place     where it is
    front     the middleware that gives its host to it
    shelf     the flights that it offers
    back_end  its server's calls of Movmo
    pages     what browsers get
"""
