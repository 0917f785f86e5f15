"""How people say in English that an issue is a duplicate of #5: the patterns of ``gis.dataset.labels.rulings``.

Frames are what precedes a reference in a ruling, up to its end: "closing as a duplicate of" #5. They, and what may
follow a reference, are tried on a limited number of characters.
"""

import re
from functools import cache

from gis.dataset.issues.references import reference_expression
from gis.dataset.labels.portable import WORD


def compiled(expression: str) -> re.Pattern[str]:
    """Compile a verbose expression that ignores case."""
    return re.compile(expression, re.VERBOSE | re.IGNORECASE)


CLAUSE_END = re.compile(r"[,;]\s|\bbut\b")
LIKE = "s? (?:like|to be)"
IS_REFERENCE = f"(?: {WORD}{{1,9}})?(?: is|['\u2019]s) [^.\n]{{0,20}}(?:#|http)"
# In all rulings in English, in lower case. Each alternative begins with a letter, to which Python skips.
MARKED = "|".join(
    [
        "dup|merged ?(?:into|this)|same|favou?r|supersed|subsum|covered|tracked|already|before|earlier|previously",
        "known|identical|equivalent|more (?:issues|reports)|another report|reported|describes|reports|shows|which is",
        "repost|repeat|double|merging|folding|folded|rolled",
        f"look{LIKE}|sound{LIKE}|seem{LIKE}|appear{LIKE}|is (?:{WORD}{{1,12}} )?this",
        f"this{IS_REFERENCE}|it{IS_REFERENCE}|that{IS_REFERENCE}",
        "(?:likely|probably|presumably) (?:#|http)",
    ]
)

HEAD = (
    r"(?<![\w/!-]) dup(?:e|licates?|licated|licating|s|es|lication|ing|ed)? \b (?!\s?\(\s?\))"  # not "dup()", "de-dup"
)
FILLER = r"""
    (?: [\s:;,()*_"'\[\]<>|\u2013\u2014\u2192-]
      | \b(?: of|with|to|the|an?|as|is|this|issue|bug|ticket|report|existing|older|see|also|at|least|exact|one|either
          | both|related|and|probably|just|against )\b
      | /(?=\s?related\b)
    )
"""
ISSUE = r"(?: issue|bug|ticket|report|task|request )"
SAME_THING = r"""
    (?: issue|bug|problem|crash|error|report|thing|failure|panic|ICE|request|ticket
      | (?:crash\ |stack\ )?(?:signature|trace) )
"""
OF_THIS = (
    r"(?: of | with | to | into ) \s{1,9} this \b (?: \s{1,9} (?: one|issue|bug|report|ticket ) )? (?! \s{1,9} \w+ )"
)

# Comments that say nothing else
OPENING = r"""
    (?: (?: closing|closed?|marking|marked|this|is|as|an?|exact|the|it|looks?|like|i'm|am|going|to|thanks|hi|hello|yes
          | so|ok|okay|indeed|actually|issue|also|just|another|seems|be|it's|that's|already|reported|i|think|believe|and
          | likely|probably|definitely|ah|oh|for|report|bug|we|have|here|duplicating|sorry|yep|yup|now )\b
      | [\s:;,.!*_()"'\u2013\u2014-] )*+
"""
WHOLE = compiled(rf"{OPENING} {HEAD} (?: \. | {FILLER} )*+")
CLOSES_ONLY = compiled(
    r"""
    (?: [\s.,;:!)\]>|*_"'\u2013\u2014-]
      | \b(?: closing|closed|thanks|thank|you|so|i'm|this|now|as|such|therefore|it|then|please|follow|there|for|the
          | report|though|reporting )\b )*+
    """
)

# Statuses of trackers, and commands
IMPORTED = compiled(
    r"""
    \b (?: merged\ ?(?:this\ (?:issue|bug|ticket|task|report)\ )?into | superseder | dup_of )
    (?: [\s:*>-] | \b(?: issues? | bug | set | to )\b ){0,8} $
    """
)
PULL_REQUEST = compiled(r"\b(?: pull\ request | pr | branch | commit | patch )\b")
COMMAND = compiled(
    r"(?P<sign> (?<![\w/.]) [/!]) (?: triage\s )? (?: dup|dupe|duplicate )\b (?: [\s<-] | \bof\b ){0,5} $"
)
SPEAKS_OF_COMMAND = compiled(r"\b(?: write|writes|type|typing|use|using|usage|command|say|saying|comment|enter|run )\b")

# The other issue is the duplicate: "#5 is a duplicate of this", "has duplicate #5", "marking #5 as a duplicate of this"
REVERSED = compiled(
    rf"""
    [\])]? \s{{1,9}} (?: (?: is|was|are|were|has|have|been|be|marked|closed|as|an?|the|exact|just|also
          | another )\s{{1,9}} ){{0,6}}
    (?: {HEAD} \s{{1,9}} {OF_THIS} | merged \s{{1,9}} into \s{{1,9}} this \b
      | duplicates \s{{1,9}} this \b (?: \s{{1,9}} {ISSUE} )? (?! \s{{1,9}} \w+ ) )
    """
)
HAS_DUPLICATE = compiled(rf"\b ha[sd]\ (?:an?\ )? duplicates? (?:\ {ISSUE} )? [\s:]{{0,3}} $")
MARKING = compiled(rf"\b(?: mark(?:ing|ed)? | clos(?:ing|ed|e) )\ (?: {ISSUE}\ )? $")
AS_THIS = compiled(
    rf"[\])]? \s{{1,9}} as\s{{1,9}} (?: (?: an?|the|exact )\s{{1,9}} ){{0,2}} {HEAD} \s{{1,9}} {OF_THIS}"
)

# Frames
ASKED = compiled(rf"{HEAD} \s? \? {FILLER}{{0,30}}+ $")  # "Duplicate? #5"
INSIDE = compiled(rf"{HEAD} (?: \.\s{{1,9}}(?=see\b) )? {FILLER}{{0,30}}+ $")
SAME_OPENING = r"""
    (?: ^ | [.!?:;(\n]\s{0,9}+ | ,\s{1,9}+ (?= (?: this|it|i|i'm )\b ) )
    (?: \s{0,9}+ (?: this|it|that|issue|bug|report|one|problem|error|message|crash|is|isn['\u2019]t|['\u2019](?:s|m)|be
          | i|am|think|believe|guess|suspect|confident|pretty|sure|seems?|looks?|appears?|like|to|probably|presumably
          | likely|actually|basically|essentially|just|exactly|almost|certainly|definitely|ultimately|really|very|indeed
          | more\ or\ less|so|and|also|as|yes|yeah|yep|ah|oh|hm+|ok|okay|whoops|oops|sorry|auto-closing|[,:] )(?!\w)
    ){0,14}+ \s{0,9}+
"""
SAME = compiled(
    rf"""
    {SAME_OPENING}
    (?: (?: the\ )? (?: exact\ |very\ )? same\ (?: (?: exact\ )? {SAME_THING} \ )? as (?:\ in)?
      | (?: identical|equivalent )\ (?: to|with ) )
    (?: \ (?:the|issue|bug|ticket) ){{0,2}} [\s:(]{{0,2}} $
    """
)
REPORTED = r"(?: reported|filed|tracked|known|raised|opened|submitted|logged )"
IN = r"(?: in|as|at|by|under|here|before|with )"
KNOWN = compiled(
    rf"""
      \b already (?: \ been)? \ {REPORTED} (?: \ (?: {IN}|issue|bug|the ) ){{1,3}} [\s:(]{{0,3}} $
    | \b already (?: \ been)? \ {REPORTED} [\s:(]{{1,3}} $
    | \b(?: this|it|issue|bug|problem )\ (?: was|is|has\ been )\ reported\ (?: in|as|at|under ) [\s:(]{{1,3}} $
    | \b(?: earlier|previously )\ {REPORTED} (?: \ {IN} )? [\s:(]{{1,3}} $
    | \b reported\ (?: here | (?: multiple|many|several )\ times ) [\s:,(]{{1,3}} (?: (?: {IN}|see )\x20 )? $
    | \b already\ (?: open|exists? ) [\s:,(]{{1,3}} (?: (?: {IN}|see )\x20 )? $
    | \b(?: repost|repeat|double(?:[\ -]post)? )\ of\ $
    | \b {REPORTED}\ (?: already|before|earlier|previously ) [\s:,(]{{0,3}} (?: \b {IN}\ | see\ )? $
    | \b already\ (?: have|an )\ (?: an\ )? (?: open\ )? {ISSUE}\ (?: for|about|on|tracking|covering|requesting )
      \ (?: this|it|that ) \W{{0,3}} (?: (?: {IN}|see )\x20 )? $
    | \b known\ (?: issue|bug|problem ) [\s,:;(\u2013\u2014-]{{1,3}} (?: (?: see|{REPORTED}\ {IN} )\ )? $
    | \b(?: more|other|another|additional )\ (?: issues?|reports?|instances? )\ (?: for|of|about|with )
      \ (?: this|the\ same )
      (?: \ (?: crash|bug|issue|problem|error ) )? [\s:]{{0,3}} $
    """
)
HAVE = compiled(
    rf"""
    \b(?: already\ (?: have|got ) | have\ already | there(?: \ is|['\u2019]s )\ already )\x20
    (?: (?: an?|the|open|existing|another|{ISSUE} )\x20 ){{0,4}} [(]? $
    """
)
HAVE_END = compiled(
    r"\)? \s{0,9} (?: (?: for|about|on )\ (?: this|that|it|the\ same )\b )? \s{0,9} (?: [.!] | ,\s{0,9} clos | $ | \n )"
)
IDENTITY = compiled(
    r"""
    (?: ^ | [.!,]\s ) \s{0,9} (?: this|it|that )(?: \ (?: really|actually|basically ) )? (?: \ is | ['\u2019]s )
    (?: \ (?: just|really|basically|actually|exactly|essentially|definitely|indeed ) )? \s $
    """
)
LOOKS_LIKE = compiled(
    r"""
    (?: ^ | [.!,]\s ) \s{0,9}
    (?: (?: (?: this|it|that )\x20 )? (?: looks|sounds|seems|appears )\x20
        (?: (?: a\ lot|exactly|just|very\ much )\x20 )? (?: like|to\ be )\ (?: just\x20 )?
      | (?: i\ (?: think|believe|guess )\x20 )? (?: this|it|that )\ (?: probably\x20 )? is\x20
        (?: (?: probably|likely )\x20 )?
      | (?: probably|presumably|likely )\x20 ) $
    """
)
IDENTITY_END = compiled(r"\s{0,9} (?: again | to\ me )? \s{0,3} (?: [.!] (?=\s|$) | $ | \n | ,\s{1,9} (?:so\ )? clos )")
THAT = compiled(r"\b that(?: \ is | ['\u2019]s )\ [\w\ ]{0,12} $")  # may be anything that was spoken of before
RELATED = compiled(
    r"""
    \b(?: in\ favou?r\ of                    # "closing in favor of #5"
        | supersed\w{1,9}\ by                 # "superseded by #5"
        | subsumed\ (?:by|into|under)        # "subsumed by #5"
        | covered\ (?:by|in)                 # "covered by #5"
        | tracked\ (?:by|in|at)              # "tracked in #5"
        | same\ (?:\w{1,40}\ ){0,2}as        # "same root cause as #5"
        | (?: merging|folding|folded|rolling|rolled|consolidat(?:ed|ing) )\ (?: (?: this|it )\ )? (?:in)?to
    )\W{0,3} (?: \b(?: in|the|issue|bug|ticket|by )\b\W{0,3} ){0,2} $
    """
)

# What follows a reference
IS_THIS = compiled(
    rf"""
    [\s,]{{0,3}} (?P<which> (?: which|that )\s )? (?: (?: already|also|just|exactly )\s ){{0,2}}
    (?: is|was|describes|reports|shows|(?: looks|seems|appears )\ (?: like|to\ be ) )\s
    (?: (?: about|already|exactly|just|basically|precisely|really|actually|probably|indeed )\s ){{0,3}}
    (?: this | the\ (?: very\ |exact\ )? same ) (?: \s {SAME_THING} )?
    (?: \s (?: again|already|too|here|exactly|as\ well|as\ this(?:\ one)? ) )?
    \s{{0,9}} (?: [.,;!?)] | $ | \n | (?: and|so )\ (?:i'm\ )? clos )
    """
)
LABELLED = compiled(
    r"\s? (?: [,(\[\u2013-] | as\ an? )? \s? dup(?:e|licate)?\b \s? [)\]]? (?: [.!]|\s*$|\s*\n|,?\s*clos )"
)
BARE = compiled(
    r"""
    \W* (?: (?: closing|closed?|see|also|this|it|is|in|favou?r|of|as|per|for|the|issue|bug|cf|here|already|have|merging
      | folding|into|with )\b \W{1,3} ){0,8} $
    """
)  # what precedes "#5 (duplicate)"
SAME_REPORT = compiled(r"[^.!?\n]{0,30} \b same\ (?: report | bug | issue | problem )\b")
SAME_BUT = compiled(
    r"""
      [^.!?\n]{0,40} \b(?: but | except | only | applied | though )\b
    | ,\ (?: i\ (?: think|guess|believe )\ )? (?: we|you|let['\u2019]s|they )\ (?! (?: can\ |should\ )? clos )
    """
)
DENIED_BEHIND = compiled(
    r"""
      [^.!?\n]{0,30} \b(?: which\ (?:is\ (?:wrong|not|false)|i\ (?:deny|doubt)) | is\ wrong | was\ wrong | nonsense
        | not\ clos(?:ing|ed) )\b
    | \W{0,3} \b(?: until|before )\b
    | [\s.!?)\u2026]{0,8} (?: \b(?: well|hm+|oh|ah|or|actually|wait|no|okay )\b [\s,.\u2026]{1,6} ){0,3}
      (?: not\ (?: quite|really|exactly )\b (?! \W+dup ) | scratch\ that | on\ second\ thought | i\ was\ wrong )
    """
)
DOUBT_BEHIND = compiled(
    r"""
    \b(?: not\s(?:\w{1,12}\s){0,2}(?:sure|certain|positive)\b
          (?! \ (?: if|which|when|what|how|why|where|who )\b )
        | unsure | i\ guess | maybe | perhaps | possibly | could\ be\ wrong
        | might | if\ it\ (?:happens?|happened|is|was) | to\ confirm )\b
    """
)
PARTIAL_BEHIND = compiled(
    r"""
      \s* (?: in\ part|partly|partially )\b
    | \W{0,3} (?: (?: and|but|while )\ )? the\ (?: rest|others|second|first|remaining )\b
    """
)

# What a clause says of a ruling in it
NEGATION = compiled(
    r"""
      \b(?: not|never|no\ longer|cannot|isnt|wasnt|dont|unlike|rather\ than|instead\ of|without|non|nobody|neither|nor
          | far\ from|unless|wrongly|incorrectly|mistakenly|mistook|(?:took|taken)\ (?:(?:this|it|that)\ )?for|thought
          | why|stop|searched|checked|looked|deleted|removed|avoid(?:ing)?|prevent(?:ing)?|unwilling|reluctant|hesitant
          | less\ (?:convinced|sure|certain|likely)|hardly
          | (?<!no\ )doubt )\b                 # but "no doubt a duplicate of #5" is a ruling
    | n['\u2019]t\b                            # "isn't a duplicate of #5"
    | \b(?: no|for|any|other|more )\s{0,9}$        # "I looked for duplicates, #5 is something else"
    """
)
HEDGE = compiled(
    r"""
    \b(?: possibl[ey]|may|will\ be|would\ be|confidence|maybe|might|could|perhaps|potential(?:ly)?|not\ sure|unsure
        | suspect|if|whether|wonder(?:ing)?|almost|some(?:what)?|near|kind\ of|sort\ of|related|similar
        | tempted|inclined|alternatively )\b
    """
)
PARTIAL = compiled(
    rf"""
    \b(?: partly | partial(?:ly)? | in\ part | half | parts | portion | rest
        | (?: the|this|that|one|other )\ (?: [\w-]{{1,20}}\x20 ){{0,3}} part
        | (?: one|some|all|last|first|second|third|latter|former )\ of\ (?: these|those|them|the )
        | (?: last|first|second|third|latter|former|other )\ (?: one|part|half|problem|point|question|error|case|item )
        | (?: issue|bug|problem|error|case )\ (?: that\ )? @\S{{1,40}} )\b
    | ^ \W* (?: and\x20 )? the\ (?: [\w'-]{{1,20}}\x20 ){{0,3}} (?! {SAME_THING} ) [\w'-]{{1,20}}\ (?: is|was|are )\b
    """
)
CONDITION = compiled(r"\s{0,9} (?: (?: and|but|or|so )\ )? (?: if|unless|once|when|assuming )\b")
QUESTION = compiled(
    r"""
    \W* (?: (?: and|so|but|or|hm+|well|then )\W+ )?
    (?: is|isn['\u2019]t|are|was|does|could|should|would|can|might )\s{1,9} (?: this|it|that|these|they )\b
    """
)
NEGATIVE_QUESTION = compiled(r"\b(?:is|was|does|are)(?:n['\u2019]t|\ not)\ (?:this|it|that)\b[^.!?\n]{0,160}$")
GUESS = compiled(r"\b(?: possible|potential|similar|might\ be|may\ be|likely )\b")

# What the whole comment says
CLOSES = compiled(r"\b(?: clos(?:e|ed|ing) | same\ report | continue\ there )\b")
FAVOURED = compiled(r"\b clos(?:e|ed|ing)\b [^.!?\n]{0,20} \b in\ favou?r\ of\ (?: that|it|the\ other )\b")
CLOSED_AS = compiled(
    rf"""
    (?= [catim.!] | ^ )                                                          # most characters need no further look
    (?: \b clos(?:ing|ed|e)\b (?: \ (?: this|it|one|now|issue ) ){{0,3}}, ?
        \ as\ (?: (?: an?|the|exact )\ ){{0,2}} {HEAD}
      | (?: ^ | [.!]\s ) \s{{0,9}} {HEAD} \s? [.!] | \b as\ it\ is\ a\ {HEAD} \s? [.!]?
      | \b(?: this|it|that|mine )(?: \ is|['\u2019]s|\ was )\ (?: \w{{1,12}}\x20 )? an?\ (?: \w{{1,12}}\x20 )? {HEAD}
        (?= \s{{0,9}} (?: [.,;!)] | \n | $ ) ) )
    """
)
ABOUT_THIS = compiled(rf"{HEAD} \s{{1,9}} {OF_THIS}")


@cache
def subject_pattern(host: str) -> re.Pattern[str]:
    """The end of what precedes a ruling: "#4 is a" duplicate of #5, "#4 (" duplicate of #5)."""
    return compiled(rf"""
        (?P<subject> (?> {reference_expression(host)} ) )
        (?: (?: [^\w,;.!?\n]{{0,3}} | ,\s{{1,9}}(?=which\b) )
            (?: (?! (?: this|it|i|and|but|or|so|then )\b ) \w{{1,40}} [^\w,;.!?\n]{{1,4}} ){{0,3}}?
            (?: is|was|are|were|be|been|seems|looks|as|which )\b
            (?: (?! \bthis\b | \bit\b ) [^,;.!?\n] ){{0,25}}
          | \s?\( (?:\w{{1,40}}\ ){{0,2}}
        )$
    """)
