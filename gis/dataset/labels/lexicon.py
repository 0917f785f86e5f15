# ruff: noqa: RUF001
"""The words of rulings, one entry for each language: data for ``gis.dataset.labels.rulings``.

All entries are verbose regular expressions. English, whose rules are finer, has its patterns in the reader itself.
"""

import re
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, kw_only=True)
class Language:
    """How people of one language say that an issue is a duplicate of #5.

    Attributes:
        name: Its ISO 639-1 code.
        stems: What a comment must contain, at least one of them, for the patterns to be tried.
        duplicate: Words for a duplicate, which precede the reference: "duplicado" de #5.
        links: Words that may be between those and the reference.
        phrases: Other wordings that precede the reference: "ya se ha reportado en" #5.
        after: Wordings that follow the reference: #5 "の重複です".
        negation: Words that turn a ruling into its opposite, anywhere in the sentence.
        doubt: Words that turn a ruling into a suggestion.
        spaced: Whether words are divided by spaces.
    """

    name: str
    stems: str
    duplicate: str
    links: str
    phrases: str
    negation: str
    doubt: str
    after: str = "(?!)"
    spaced: bool = True

    @cached_property
    def before(self) -> re.Pattern[str]:
        """What precedes a reference in a ruling, up to its end."""
        links = rf"\b(?:{self.links})\b" if self.spaced else f"(?:{self.links})"
        gap = rf"(?: {links} | [\s:：;,，、()（）\[\]「」*_.→–—-] ){{0,12}}"
        words = rf"\b(?:{self.duplicate})\b" if self.spaced else f"(?:{self.duplicate})"
        return self._compiled(rf"(?: {words} {gap} | (?<!\w) (?:{self.phrases}) [\s:：(（]{{0,3}} {gap} )$")

    @cached_property
    def behind(self) -> re.Pattern[str]:
        """What follows a reference in a ruling."""
        return self._compiled(rf"[\s)）]{{0,2}} (?:{self.after})")

    def may_be_in(self, lowered: str) -> bool:
        """Return whether a text in lower case has one of the stems; much faster than the patterns."""
        return any(stem in lowered for stem in self.stems.split())

    @cached_property
    def negated(self) -> re.Pattern[str]:
        """What denies a ruling."""
        return self._compiled(rf"\b(?:{self.negation})\b" if self.spaced else self.negation)

    @cached_property
    def doubted(self) -> re.Pattern[str]:
        """What makes a ruling a suggestion."""
        return self._compiled(rf"\b(?:{self.doubt})\b" if self.spaced else self.doubt)

    @staticmethod
    def _compiled(expression: str) -> re.Pattern[str]:
        return re.compile(expression, re.VERBOSE | re.IGNORECASE)


LANGUAGES = (
    Language(
        name="es",
        stems="duplicad repetid ya mism fusionad",
        duplicate="duplicad[oa] | repetid[oa]",
        links="de | del | la | el | con | por | ver | véase | incidencia | issue | ticket | problema",
        phrases=r"""ya\ (?:se\ ha\ |ha\ sido\ |fue\ |está\ )?(?:reportad[oa]|informad[oa]|registrad[oa])\ (?:en|como)
          | (?:lo\ mismo|mismo\ problema|mismo\ error)\ que | fusionad[oa]\ (?:con|en)""",
        negation=r"no | nunca | tampoco | parecid[oa] | similar",
        doubt=r"pued[ea] | podría | quizás? | tal\ vez | posibles? | posiblemente | parece | probablemente | si",
    ),
    Language(
        name="pt",
        stems="duplicad duplicata repetid já mesm mesclad",
        duplicate="duplicad[oa] | duplicata | repetid[oa]",
        links="de | do | da | a | o | com | por | ver | veja | issue | ticket | problema",
        phrases=r"""já\ (?:foi\ |está\ )?(?:reportad[oa]|relatad[oa]|registrad[oa])\ (?:em|na|no|como)
          | (?:o\ mesmo|mesmo\ problema|mesmo\ erro|mesma\ coisa)\ (?:que|do|da) | mesclad[oa]\ (?:em|com|na|no)""",
        negation=r"não | nao | nunca | parecid[oa] | similar",
        doubt=r"pode | poderia | talvez | possíve(?:l|is) | possivelmente | parece | provavelmente | se\ (?:for|é)",
    ),
    Language(
        name="fr",
        stems="doublon dupli déjà même identique fusionné",
        duplicate="doublon | dupliqué | duplicata | duplication",
        links="de | du | la | le | avec | voir | cf | ticket | issue | l | au",
        phrases=r"""déjà\ (?:été\ )?(?:signalé|rapporté|déclaré|ouvert)e?\ (?:dans|en|sous|comme|par)
          | (?:le\ |la\ )?même\ (?:problème|bug|bogue|chose|erreur|souci)\ que
          | identique\ à | fusionnée?\ (?:avec|dans)""",
        negation=r"pas | jamais | ressemble | semblable | supprim\w+",
        doubt=r"peut | pourrait | peut-être | possibles? | probablement | semble | si | est-ce",
    ),
    Language(
        name="de",
        stems="duplikat dublette doppelt dupliziert schon bereits dasselbe gleich selb zusammengeführt",
        duplicate="duplikat | dublette | doppelt | dupliziert",
        links="von | zu | mit | siehe | vgl | des | der | dem | tickets? | issue",
        phrases=r"""(?:schon|bereits)\ (?:in|unter|als|mit|durch) | (?:dasselbe|gleiches?|selbes?)\ (?:problem\ )?wie
          | derselbe\ (?:fehler|bug)\ wie | (?:dasselbe|das\ gleiche|das\ selbe)\ (?:problem\ )?wie
          | zusammengeführt\ mit""",
        negation=r"kein\w* | nicht | nie | niemals | ähnlich\w* | entfernt",
        doubt=r"vielleicht | möglich\w* | eventuell | könnte | vermutlich | wohl | ob | falls | wenn",
    ),
    Language(
        name="it",
        stems="duplicat doppione già stess",
        duplicate="duplicat[oa] | doppione",
        links="di | del | della | con | vedi | issue | segnalazione | problema",
        phrases=r"""già\ (?:stato\ )?(?:segnalat|riportat|apert)[oa]\ (?:in|come|nella|con)
          | (?:lo\ )?stesso\ (?:problema|errore|bug)\ d[ie]l?""",
        negation=r"non | mai | simile",
        doubt=r"forse | possibil[ei] | potrebbe | può | probabilmente | sembra | se",
    ),
    Language(
        name="nl",
        stems="duplicaat dubbel gemeld hetzelfde",
        duplicate="duplicaat | dubbele?",
        links="van | met | zie | de | het | issue | melding",
        phrases=r"al\ (?:eerder\ )?gemeld\ (?:in|als|bij|onder) | hetzelfde\ (?:probleem\ )?als",
        negation=r"geen | niet | nooit",
        doubt=r"misschien | mogelijke? | wellicht | kan | zou | lijkt | als\ dit",
    ),
    Language(
        name="pl",
        stems="duplikat zduplikowan już samo sam",
        duplicate="duplikat(?:em|u)? | zduplikowane",
        links="do | zgłoszenia | z | zob | zobacz | issue",
        phrases=r"już\ (?:zgłoszon[eoy]|zgłaszane)\ (?:w|jako) | (?:to\ samo|ten\ sam\ (?:błąd|problem))\ co(?:\ w)?",
        negation=r"nie | nigdy | podobn\w+",
        doubt=r"może | możliw\w+ | chyba | prawdopodobnie | czy | jeśli",
    ),
    Language(
        name="ru",
        stems="дубл повтор уже объединен же",
        duplicate="дубликат(?:ом|а)? | дубль | дублирует | повтор",
        links="для | задачи | к | с | см | issue | тикета",
        phrases=r"""уже\ (?:сообщали|сообщалось|есть|описано|заведено|было)\ (?:в|как|под)? | объединено\ с
          | (?:то\ же(?:\ самое)?|та\ же(?:\ \w+)?|тот\ же(?:\ \w+)?)\s?,?\ (?:что|как)(?:\ и)?(?:\ в)?""",
        negation=r"не | нет | никогда | похож[еа]?",
        doubt=r"возможн\w+ | вероятно | может | наверное | кажется | если | ли",
    ),
    Language(
        name="tr",
        stems="mükerrer kopyası tekrarı bildirildi aynı",
        duplicate="mükerrer | kopyası | tekrarı",
        links="issue | bkz",
        phrases=r"şurada\ bildirildi:",
        after=r"(?:ile\ aynı | numaral\w+\ (?:\w+\ )?(?:kopyası|tekrarı) | (?:nin|nın|in|ın)?\ (?:kopyası|tekrarı))\b",
        negation=r"değil | benzer",
        doubt=r"belki | olabilir | muhtemelen | mı | mi",
    ),
    Language(
        name="zh",
        stems="重复 重複 相同 合并 已在 已经在 同",
        duplicate="重[复複](?:的)?(?:问题|問題|issue|工单)?",
        links="的 | 于 | 於 | 见 | 見 | 参见 | 与 | 和 | 是 | issue | 请看",
        phrases=r"(?:已有|已经有|存在)相同的?\s?(?:issue|问题|工单)? | (?:已)?合并到 | 已(?:经)?在 | 同",
        after=r"""(?:是)?\s?(?:的)?重[复複](?!条目|的条目|项|代码|数据)(?:的|问题)? | (?:的)?同一(?:个)?问题
          | 中?已(?:经)?(?:报告|提出|反馈)""",
        negation="不是 | 并非 | 并不 | 没有重复 | 不重复 | 不要 | 修复了? | 类似",
        doubt="可能 | 也许 | 或许 | 疑似 | 是否 | 吗 | 大概 | 是不是",
        spaced=False,
    ),
    Language(
        name="ja",
        stems="重複 同じ 報告 統合",
        duplicate="重複(?:した)?(?:問題|チケット|イシュー)?",
        links="の | は | と | issue | 先",
        phrases="統合先",
        after=r"(?:の|と)?\s?重複(?!した|する|エントリ|の可能性|ではな|でない)(?:です|しています|として|チケット|しており|している)?"
        r" | (?:と|に)\s?同じ(?:問題|不具合|バグ|内容|もの)? | で\s?(?:既に|すでに)\s?報告 | に統合",
        negation="ではありません | ではない | ではなく | でない | じゃない | 別の | 修正しました | 似て",
        doubt="かもしれ | 可能性 | でしょうか | ですか | と思われ | おそらく | たぶん",
        spaced=False,
    ),
    Language(
        name="ko",
        stems="중복 같은 동일 이미 벌써 병합",
        duplicate="중복(?:된)?(?:\\ ?이슈)?",
        links="와 | 과 | 의 | 은 | 는 | 이슈",
        phrases="병합됨",
        after=r"(?:와|과|의|번과|번의|이랑)?\s?중복(?!\s?(?:항목|코드|가능|된\s?항목|제거|일\s?수))"
        r"(?:입니다|되어|되므로|으로|이슈|\ 이슈)?"
        r" | (?:와|과)\s?(?:같은|동일한)\s?(?:문제|이슈|버그)? | 에\s?(?:이미|벌써)\s?(?:보고|등록|제보)",
        negation="아닙니다 | 아니다 | 아니에요 | 아님 | 다른\\ 문제 | 비슷",
        doubt="일\\ 수 | 가능성 | 인가요 | 일지도 | 인지 | 아마 | 같습니다",
        spaced=False,
    ),
)
