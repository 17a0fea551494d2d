"""What drivers share whose router has a command line and access lists with numbered rules.

    blocks       a configuration as it is printed, and taken apart
    access       a named access list and its rules
    wish         what a router should have, beside its text
    permits      which permits are to stand there, under which numbers
    recall       permits of tickets that are long over, found again
    fingerprint  the words that say whose an object is
    adoption     what another database left, taken over as it stands
    steps        how the lines of a plan are written down, and looked at once more
    words        what a platform says each in its own words; which answer is a refusal
    show         asks for what there is
    push         sends a plan
    echo         asks which next hops answer

What a platform says in its own words is passed in, as a value or as a subclass of one. Everything but `show`,
`push` and `echo` is pure.
"""
