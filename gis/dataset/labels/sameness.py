# ruff: noqa: RUF001
"""The words, in several languages, with which people say that an issue is known already, moved or closed.

A comment with such a word that cites another issue may be a ruling, whether or not its wording can be read. These words
make no evidence: they only say that a pair of issues is not known to be unrelated.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

# Words of sameness, of moving and of closing, and "already", as verbose regular expressions.
SPACED: dict[str, str] = {  # read as whole words
    "English": r"""
        dup\w* | deduplicat\w* | same | identical(?:ly)? | equivalent | indistinguishable | similar(?:ly)? | copy\ of
      | looks?\ (?:\w+\ ){0,2}like | sounds?\ (?:\w+\ )?like | (?:seems?|appears?)\ (?:to\ be|like)
      | turns\ out | w?h?oops | exactly | case\ of | probably\ (?=\#|https?://)
      | (?:this|that|it|which)(?:\ \w{1,12})?(?:\ is|\ was|['\u2019]s)\ (?:\w{1,12}\ )?(?=\#|https?://)
      | repeat(?:s|ed)?\ of | rehash | instance\ of | (?:more|other|another|additional)\ (?:issues?|reports?|cases?)
      | move[ds]? | moving | merg(?:e|ed|es|ing) | transfer\w* | migrat\w* | redirect\w* | consolidat\w* | folded
      | supersed\w* | subsum\w* | replac(?:ed|es|ing) | covered | favou?r | track(?:ed|s|ing)? | continu(?:ed|es|ing)
      | clos(?:e|es|ed|ing|ure) | resolved | already | previously\ \w+ | known\ (?:issue|bug|problem)
    """,
    "Spanish": r"""
        duplicad[oa]s? | repetid[oa]s? | mism[oa]s? | idéntic[oa]s? | igual(?:es)? | movid[oa]s? | mover | traslad\w*
      | cerrad[oa]s? | cerrar | cierro | cerramos | cerrando | ya
    """,
    "Portuguese": r"""
        duplicad[oa]s? | duplicata | repetid[oa]s? | mesm[oa]s? | idêntic[oa]s? | iguais | movid[oa]s? | movendo
      | fechad[oa]s? | fechar | fechando | fecho | encerrad[oa]s? | encerrando | já
    """,
    "French": r"""
        doublons? | dupliqué\w* | identiques? | mêmes? | pareil(?:le)?s? | déplac\w* | transfér\w* | fusionn\w*
      | fermé\w* | fermer | fermeture | ferme | clos | clôtur\w* | déjà
    """,
    "German": r"""
        duplikate?s? | dublette\w* | doppelt\w* | dasselbe | derselben? | dieselben? | selben? | gleich\w*
      | identisch\w* | verschoben | verschiebe\w* | verlegt | zusammengef\w* | geschlossen | schließe\w*
      | schliesse\w* | bereits | schon
    """,
    "Italian": r"""
        duplicat[oaie] | doppion[ei] | stess[oaie] | identic[oaie] | spostat[oaie] | chius[oaie] | chiudo | già
    """,
    "Dutch": r"""
        duplicaat | duplicaten | dubbele? | hetzelfde | dezelfde | zelfde
      | identieke? | verplaatst | gesloten | sluit\w*
      | al\ (?:eerder|gemeld|bekend) | reeds
    """,
    "Swedish": r"""
        dubblett\w* | samma | likadan\w* | identisk\w* | flyttad\w* | flyttat | stäng\w* | redan
    """,
    "Polish": r"""
        duplikat\w* | zduplikowan\w* | samo | samym? | identyczn\w* | przenie\w* | zamyka\w* | zamkn\w* | już
    """,
    "Czech": r"""
        duplik\w* | duplicit\w* | stejn\w* | totožn\w* | přesun\w* | zavír\w* | zavř\w* | uzavř\w* | již | už
    """,
    "Turkish": r"""
        mükerrer\w* | kopya\w* | tekrar\w* | aynı\w* | özdeş | taşın\w* | kapat\w* | zaten
    """,
    "Indonesian": r"""
        duplik\w* | sama | serupa | identik | dipindah\w* | ditutup | tutup | menutup | sudah
    """,
    "Vietnamese": r"""
        trùng | giống | y\ hệt | chuyển | đóng | đã
    """,
    "Ukrainian": r"""
        дубл\w* | повтор\w* | той\ самий | та\ сама | те\ саме | такий\ самий | такий\ же | однаков\w* | аналогічн\w*
      | ідентичн\w* | перенес\w* | переміщ\w* | об['\u2019]єдн\w* | закри\w* | вже
    """,
    "Russian": r"""
        дубл\w* | дубликат\w* | повтор\w* | тот\ же | та\ же | то\ же | те\ же | того\ же | такая\ же | такой\ же
      | одинаков\w* | аналогичн\w* | идентичн\w* | перенес\w* | перенёс | перемещ\w* | объедин\w* | закры\w*
      | закро\w* | уже
    """,
}
UNSPACED: dict[str, str] = {  # read anywhere: these scripts put no space between words, or none before an ending
    "Chinese": """
        重复|重複|相同|同样|同樣|同一|一样|一樣|类似|類似|雷同|已经|已經|已有|已在|移至|移到|转移|轉移|合并|合併|关闭|關閉|关掉
    """,
    "Japanese": "重複|同じ|同様|同一|類似|既に|すでに|既出|移動|移しま|移行|統合|クローズ|閉じ|閉め",
    "Arabic": "مكرر|تكرار|نفس|مطابق|نقل|أغلق|إغلاق|سبق|بالفعل",
    "Hindi": "डुप्लिकेट|डुप्लीकेट|दोहराव|समान|वही|बंद|पहले",
    "Korean": "중복|같은|동일|똑같|유사|이미|이동|옮기|옮겼|옮깁|합치|병합|닫|종료",
}


def _alternatives(expression: str) -> Iterator[str]:
    """Yield the alternatives of a verbose expression, without those inside its groups."""
    depth, start, written = 0, 0, re.sub(r"(?<!\\)\s", "", expression)
    for place, character in enumerate(written):
        depth += (character == "(") - (character == ")")
        if character == "|" and not depth:
            yield written[start:place]
            start = place + 1
    yield written[start:]


def _by_first_letter(expressions: Iterable[str]) -> str:
    """Return one expression for all, which reads each first letter once: with hundreds of words, far faster."""
    endings: dict[str, list[str]] = defaultdict(list)
    for alternative in (alternative for expression in expressions for alternative in _alternatives(expression)):
        letter = alternative[0] if alternative[0].isalpha() and alternative[1] != "?" else ""
        endings[letter].append(alternative.removeprefix(letter))
    return "|".join(f"{letter}(?:{'|'.join(group)})" for letter, group in endings.items())


SPACED_WORDS = re.compile(  # in lower case; also in "_closing_"
    rf"(?<![^\W_])(?=[^\W\d_]{{2}})(?:{_by_first_letter(SPACED.values())})(?![^\W_])"
)
UNSPACED_WORDS = re.compile("|".join(words for line in UNSPACED.values() for words in _alternatives(line)))


def speaks_of_sameness(text: str) -> bool:
    """Return whether a text has a word of sameness, moving, closing or "already" in it."""
    return SPACED_WORDS.search(text.lower()) is not None or UNSPACED_WORDS.search(text) is not None
