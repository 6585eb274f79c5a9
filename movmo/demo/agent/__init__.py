"""A travel agent without a model: a script that knows what the server tells, and what its person wants.

It is told a wish in the words of travel (`origin`, `departure_date`, `given_name`) and what to do with it in the words
of a title ("Book an offer"). Which tools there are, what they are called, what each needs, which of them gives that,
what follows and what to do about a refusal, it reads: from tools/list, and from the refusals' hints.
Where it does not find its way, a model would not either: then the text is at fault.

    words       what is read out of a sentence: tools, names of fields, what is to be repeated, what is to stop
    catalogue   tools/list: what a tool needs, who gives it, what comes next
    memory      what the wish and the answers have told so far
    person      whom the agent asks
    line        the calls themselves, also those whose answers are lost
    agent       from a wish to an answer
    watching    how a booking goes on
"""
