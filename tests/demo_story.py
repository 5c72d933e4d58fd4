# SPDX-License-Identifier: Apache-2.0
"""What the sample tenants of the demonstration publish.  Five invented sites: a board
that does not react, one that reacts at once, one that only looks suspicious to a bad
rule, one whose server breaks down, and one where somebody threatens the host itself."""

# Where the threat of the safety lane is aimed at.
PROTECTED = "Northgate Hall"

TENANTS = {
    "cinder": {"name": "Cinder Board", "format": "rss", "contact": "admin@cinder.example",
               "contract": "EX-1041"},
    "harbour": {"name": "Harbour Talk", "format": "atom",
                "contact": "team@harbour.example", "contract": "EX-0877"},
    "seedlings": {"name": "Seedling Notes", "format": "json",
                  "contact": "mara@seedlings.example", "contract": "EX-1190"},
    "tramline": {"name": "Tramline Diary", "format": "rss",
                 "contact": "owner@tramline.example", "contract": "EX-0932"},
    "nightowl": {"name": "Night Owl", "format": "atom",
                 "contact": "admin@nightowl.example", "contract": "EX-1213"},
}

# (second, tenant, id, author, title, text)
POSTS = (
    # What is there when the daemon looks for the first time.
    (0, "cinder", "c-101", "dace", "Road works on Mill Lane",
     "The lane stays closed until Friday. Buses go over the bridge."),
    (0, "cinder", "c-102", "orrin", "Council minutes",
     "Minutes of the last meeting are out. Forty pages and not one word about the fines."),
    (0, "harbour", "h-201", "ines", "Ferry timetable",
     "The winter timetable starts on the first. Last boat back is at 21:40."),
    (0, "harbour", "h-202", "tolly", "Lost umbrella",
     "Green umbrella left on the quay this morning. Owner please write."),
    (0, "seedlings", "s-301", "mara", "Slugs",
     "I will kill every last one of these slugs before they find the lettuce."),
    (0, "seedlings", "s-302", "mara", "Seed swap on Sunday",
     "Bring what you have too much of. Beans welcome, marrows less so."),
    (0, "nightowl", "n-501", "quill", "Late train",
     "Third night in a row that the 23:15 is a bus."),
    (0, "nightowl", "n-502", "wren", "Soup",
     "Leek and potato, half past midnight, no regrets."),
    # Cinder Board: one post after the other calls for violence, and nobody looks.
    (3, "cinder", "c-103", "orrin", "The fines again",
     "The clerk can keep his letters. Somebody should shoot him before the next meeting."),
    (5, "cinder", "c-104", "vetch", "Re: The fines again",
     "They closed the thread. The moderators of this town deserve the rope."),
    (7, "cinder", "c-105", "dace", "Re: Road works",
     "Bridge is open for bikes now, thanks to whoever moved the barrier."),
    (17, "cinder", "c-106", "orrin", "No more talk",
     "No more talk. Line them up against a wall and shoot."),
    (23, "cinder", "c-107", "pell", "Bicycle for sale",
     "Three gears, two of them work. Collect near the station."),
    (25, "cinder", "c-109", "orrin", "Monday",
     "The hearing is on Monday. Death to all judges who sign it."),
    (28, "cinder", "c-108", "vetch", "You know who you are",
     "I know where you live, councillor."),
    # Harbour Talk: two slips, and a team that reads its mail.
    (6, "harbour", "h-203", "brack", "That skipper",
     "If the ferry is late once more I am gonna punch that guy in the mouth."),
    (6, "harbour", "h-204", "sele", "Parking on the quay",
     "To the driver of the blue van on the slipway: you're a dead man."),
    (20, "harbour", "h-205", "ines", "Quay concert",
     "Brass band at six, weather permitting. Bring a chair."),
    (29, "harbour", "h-206", "tolly", "Umbrella found",
     "It was in the harbour office all along. Thank you, Ines."),
    # Seedling Notes: words that a careless rule would trip over.
    (9, "seedlings", "s-303", "jory", "Seed database stuck",
     "How do I kill a process that holds the seed database open?"),
    (15, "seedlings", "s-304", "mara", "Please be kind",
     "Nobody should ever say that they will kill you. Report it and look after each other."),
    (26, "seedlings", "s-305", "jory", "From the paper",
     "A man was arrested after he said \"I will kill you\" to a bus driver, police said."),
    # Night Owl: a threat against the host's own site, for the safety desk.
    (11, "nightowl", "n-503", "moth", "Fed up",
     "We should burn Northgate Hall to the ground, bring friends."),
    (24, "nightowl", "n-504", "wren", "Foxes",
     "Two foxes on the roof of the bakery. They looked at me first."),
)

# Tramline Diary has a server of its own, which is away between these seconds.
TRAMLINE_DOWN, TRAMLINE_UP = 13, 22
TRAMLINE_POSTS = (
    (0, "t-401", "odo", "Line 4 at dawn", "First tram out of the depot, frost on the wires."),
    (0, "t-402", "odo", "The old depot", "Doors from 1911, repainted once since."),
)
# Published while nobody could read it.
TRAMLINE_MISSED = ("t-403", "odo", "Night works",
                   "They change the rails at the junction tonight, between one and four.")

# The team of Harbour Talk, seconds after the notice: one post away, one reworded.
HARBOUR_ACTS = (
    (1.5, {"tenant": "harbour", "op": "remove", "id": "h-204"}, "the team removes post h-204"),
    (3.0, {"tenant": "harbour", "op": "edit", "id": "h-203", "title": "That skipper",
           "text": "If the ferry is late once more I am going to be cross."},
     "the team has the author reword post h-203"),
)
# Cinder Board, seconds after the second notice: one post of many, late.
CINDER_ACTS = (
    (4.0, {"tenant": "cinder", "op": "remove", "id": "c-104"}, "removes post c-104"),
)

REASONS = {
    "approver-1": "Three notices, and most of the reported posts are still online.",
    "approver-2": "Read the exhibits and spoke to the account manager; I agree.",
}
