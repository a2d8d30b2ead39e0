"""The letters beyond ASCII of each language (BCP 47), the most frequent first: enough to tell which decoding is text.

Capitals count as their small letters. Typed from general knowledge of the languages, not counted in any corpus.
"""

from collections.abc import Mapping

# Languages in Latin letters, those with the most readers first, with common words that need no letters but ASCII.
LATIN: Mapping[str, tuple[str, str]] = {
    "en": ("’“”–‘é—£…®©°", "the of and to in is that for it with as was on are by"),
    "de": ("üäöß", "der die und das den von zu mit sich des auf ist im dem nicht ein eine als sind"),
    "fr": ("éèàêçôâîùûëïœ’", "le la les de des et un une du en que qui dans pour pas sur au est il ce ont"),
    "es": ("óíáéñúü¿¡", "el la de que y en los las se del por con una para un es al lo como no"),
    "pt": ("ãçáéóíêõâàúô", "o a de que e do da em um para com uma os no se na por as dos"),
    "it": ("èàùòéì", "il la di che e del un una per in con non si della le gli sono da al"),
    "pl": ("łęąóżśćńź", "w i na z do nie jest to od po dla jak przez za co a ich ale"),
    "nl": ("ëéïèüöêôî", "de het een van en in is dat op te met voor zijn niet aan er om ook wordt"),
    "tr": ("ıiüşğçöâî", "ve bir bu de da ile olarak daha en olan ki var gibi kadar"),
    "cs": ("íáěéřčžýůšúťďňó", "a v se na je to s z do o ve co ale podle jako"),
    "sv": ("äåöé", "och att det i en som av den med inte ett till om har de vid"),
    "hu": ("áéőöóíűüú", "a az hogy nem is egy ez meg de ha csak mint el volt van"),
    "ro": ("ăîâşţșț", "de la cu un o nu pe care din mai sunt ca este pentru prin sau"),
    "da": ("øåæé", "og i at det er en den til af som med de ikke der et har han alle"),
    "fi": ("äöå", "ja on ei se ovat oli kun mutta tai joka kuin niin"),
    "vi": ("đàưôáơạêấảãăếớịộểầậìờủựùóốéíợừứ\u0300\u0301\u0323\u0309\u0303", "cho trong khi theo con trong anh"),
    "hr": ("čšžćđ", "i u je na se da za su od s ne to koji po te"),
    "sk": ("áíčéýžšľúťôňäďóĺŕ", "a v na sa je to s z do o ako pre ale aj za podľa"),
    "lt": ("ėšųžįčūąę", "ir kad su tai yra bet kaip buvo jis apie iki"),
    "sl": ("čšž", "in je v na se da za so ki pa ne z po tudi kot ali bi"),
    "ca": ("óàéèíçòúï·ü", "de la el i que en a els per les un amb una del al dels"),
    "lv": ("āīēšūņļģčķž", "un ir ar no par uz ka kas bija ko bet arī"),
    "et": ("äõüöšž", "ja on ei et see ka oli kui mis oma aga"),
    "is": ("ðáíþéúóæöý", "og er að sem til um en ekki var hann eru við"),
    "ga": ("áéíóú", "an na agus ar is le go do bhi sa"),
    "cy": ("âôêîŵŷ", "y yr yn ac ar ei mae oedd wedi bod"),
    "mt": ("ħżġċà", "li ta u il fil hu ma kien minn"),
    "eo": ("ĉĝĥĵŝŭ", "la kaj de en estas al por kun ne kiu"),
}

ALPHABETS: Mapping[str, str] = {
    "ru": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё",
    "uk": "оаинвіетрслкудмпзяьбгйчхжїцюєфшщґ’",
    "bg": "аиоентрсвлдкмпузбгщъячцжйхшфюь",
    "be": "анеоіртслякдвмуыпзбгйўьцчхжшюфэё",
    "sr": "аоиенрстјвукмдплзгбчшцћжхњљђфџ",
    "mk": "аоиетнрвскдлпмузјгбчшцжњќфхѓљѕџ",
    "el": "αοιετσνηυρπκμλςόίάέήγδωύώθχφβξψζϊϋΐ",
    "he": "יוהלאתמברשנכדעםחפקגטצסזןךץףְָּ",
    "ar": "اليمنتورعبدسفكهقةحجأشصطخىذإضزغثئءظآؤ،ًَُِّْ",
    "fa": "اینردهتمبسوکشلگزفخعجقپحآچصطضغذظثژئ",
    "th": "านรอกเง่มยลวดท้ัสตะปบคหแจพชขใไ์โผี็ูิุืถซธฟษศณญฐภฉฮฎฏฆฬำึๆๅ",
}
