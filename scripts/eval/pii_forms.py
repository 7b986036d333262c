"""How personal data stands in text: cues, formats, separators, width, disguises.

Enters: a random generator, sentences of real text.  Leaves: texts with the place of each value, and
texts that hold only what looks like one.  Every choice is drawn, so that no two runs of different
seeds agree in more than the words.
"""

import random
import string
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from scripts.eval import pii_values as made

Form = Callable[[random.Random, str], str]

_WIDE = str.maketrans("0123456789-@.XABCDEFGH", "０１２３４５６７８９－＠．ＸＡＢＣＤＥＦＧＨ")
_CIRCLED = str.maketrans("0123456789", "⓪①②③④⑤⑥⑦⑧⑨")
_HAN = str.maketrans("0123456789", "零一二三四五六七八九")
_RADIO = str.maketrans("0123456789", "洞幺两三四五六拐八勾")
_FORMAL = str.maketrans("0123456789", "零壹贰叁肆伍陆柒捌玖")
_KEYCAP = {digit: f"{digit}\ufe0f\u20e3" for digit in string.digits}
_SHAPES = str.maketrans("01", "Ol")
EMOJI = ("📞", "❤", "🔥", "⭐", "✨", "👉", "☎️")


def plain(_rng: random.Random, value: str) -> str:
    """As it is."""
    return value


def wide(_rng: random.Random, value: str) -> str:
    """Full-width."""
    return value.translate(_WIDE)


def circled(_rng: random.Random, value: str) -> str:
    """Circled digits."""
    return value.translate(_CIRCLED)


def keycaps(_rng: random.Random, value: str) -> str:
    """Keycap emoji."""
    return "".join(_KEYCAP.get(char, char) for char in value)


def unseen(rng: random.Random, value: str) -> str:
    """Zero-width characters between."""
    mark = rng.choice("\u200b\u200c\u200d\u2060\ufeff\u00ad")
    return mark.join(value[i : i + 3] for i in range(0, len(value), 3))


def spaced(rng: random.Random, value: str) -> str:
    """One separator between all characters."""
    return rng.choice(
        (" ", "-", ".", "·", "*", "_", "~", "、", "，", "，", "/", "|", "—", "  ", " - ")
    ).join(value)


def grouped(rng: random.Random, value: str) -> str:
    """Groups with one separator."""
    mark = rng.choice(
        (" ", "-", ".", "·", "*", "_", "—", "－", "、", "|", "~", "/", "  ", " - ", "…", "=", "+")
    )
    groups = rng.choice(
        (
            (3, 4, 4),
            (3, 4, 4),
            (3, 3, 5),
            (4, 4, 3),
            (3, 8),
            (4, 7),
            (7, 4),
            (5, 6),
            (6, 5),
            (3, 2, 2, 2, 2),
            (2, 3, 3, 3),
        )
    )
    return mark.join(_cut(value, groups))


def _cut(value: str, groups: tuple[int, ...]) -> Iterator[str]:
    at = 0
    for size in groups:
        yield value[at : at + size]
        at += size


def han(rng: random.Random, value: str) -> str:
    """Digits in Han characters."""
    return value.translate(rng.choice((_HAN, _RADIO, _FORMAL, str.maketrans("0", "〇") | _HAN)))


def mixed(rng: random.Random, value: str) -> str:
    """Some digits in Han characters, others not: 一3捌…."""
    return "".join(
        char.translate(rng.choice((_HAN, _FORMAL))) if rng.random() < 0.5 else char
        for char in value
    )


def mixed_widths(rng: random.Random, value: str) -> str:
    """Full-width, circled, Han and plain digits in one number."""
    tables = ({}, _WIDE, _CIRCLED, _HAN)
    return "".join(char.translate(rng.choice(tables)) for char in value)


def shapes(rng: random.Random, value: str) -> str:
    """O for 0, l for 1."""
    if "0" not in value[3:]:
        value = value[:3] + "0" + value[4:]
    return value.translate(_SHAPES if rng.random() < 0.4 else str.maketrans("0", rng.choice("Oo")))


def emoji(rng: random.Random, value: str) -> str:
    """An emoji between the groups."""
    return rng.choice(EMOJI).join(_cut(value, (3, 4, 4)))


def han_groups(rng: random.Random, value: str) -> str:
    """Groups of Han digits."""
    return rng.choice((" ", "-", "，", "、", " - ")).join(_cut(han(rng, value), (3, 4, 4)))


def broken(_rng: random.Random, value: str) -> str:
    """A line end within."""
    return "\n".join(_cut(value, (3, 4, 4)))


def country(rng: random.Random, value: str) -> str:
    """The country code in front."""
    head = rng.choice(
        (
            "+86",
            "+86 ",
            "+86-",
            "0086",
            "0086-",
            "86-",
            "(+86)",
            "（+86）",
            "(86)",
            "＋８６ ",
            "+86（0）",
            "86 ",
        )
    )
    return head + rng.choice(
        (value, f"{value[:3]}-{value[3:7]}-{value[7:]}", f"{value[:3]} {value[3:7]} {value[7:]}")
    )


MOBILE_FORMS: tuple[Form, ...] = (
    plain,
    wide,
    circled,
    keycaps,
    unseen,
    spaced,
    grouped,
    han,
    mixed,
    mixed_widths,
    shapes,
    emoji,
    han_groups,
    broken,
    country,
)
ID_FORMS: tuple[Form, ...] = (plain, plain, wide, unseen, circled, keycaps)


def id_grouped(rng: random.Random, value: str) -> str:
    """6-8-4 or 6-4-4-4 with a separator."""
    mark = rng.choice((" ", "-", "·", ".", "  ", "_", "—"))
    return mark.join(
        _cut(value, rng.choice(((6, 8, 4), (6, 4, 4, 4), (3, 3, 4, 4, 4), (4, 4, 4, 4, 2))))
    )


def fours(rng: random.Random, value: str) -> str:
    """A card in groups of four, or as banks print it."""
    mark = rng.choice((" ", "-", "  ", "·", ".", "_", "—", "　", "*", "/"))
    return mark.join(
        _cut(
            value,
            rng.choice(((4, 4, 4, 4, 3), (4, 4, 4, 4, 3), (6, 13), (4, 4, 4, 7), (5, 5, 5, 4))),
        )
    ).rstrip(mark)


def landline(rng: random.Random) -> str:
    """A landline in one of its writings."""
    area, number = made.landline_parts(rng)
    half = len(number) - 4
    number = rng.choice(
        (number, number, f"{number[:half]}-{number[half:]}", f"{number[:half]} {number[half:]}")
    )
    core = rng.choice(
        (
            f"{area}-{number}",
            f"({area}){number}",
            f"（{area}）{number}",
            f"{area} {number}",
            f"{area}—{number}",
            f"{area}－{number}",
            f"({area}) {number}",
            f"{area}{number}",
            f"+86-{area[1:]}-{number}",
            f"0086-{area[1:]}-{number}",
            f"+86 {area[1:]} {number}",
            f"+86({area[1:]}){number}",
            f"86-{area[1:]}-{number}",
            f"[{area}]{number}",
            f"【{area}】{number}",
            f"{area}/{number}",
            f"{area}.{number}",
            f"{area}--{number}",
            f"{area} - {number}",
            f"{area}–{number}",
            f"+86 (0){area[1:]} {number}",
            f"{area}_{number}",
            f"{area}·{number}",
            f"{area}、{number}",
            f"{area}~{number}",
        )
    )
    extension = rng.choice(
        (
            "",
            "",
            "",
            "",
            f"转{made.digits(rng, 3)}",
            f"-{made.digits(rng, 4)}",
            f" 转 {made.digits(rng, 4)}",
            f"转分机{made.digits(rng, 3)}",
            f" ext. {made.digits(rng, 3)}",
            f"分机{made.digits(rng, 3)}",
            f"（转{made.digits(rng, 3)}）",
            f"*{made.digits(rng, 3)}",
            f"#{made.digits(rng, 3)}",
        )
    )
    return rng.choice((plain, plain, plain, plain, wide))(rng, core + extension)


def _tw_phone(rng: random.Random) -> str:
    d = made.digits(rng, 12)
    return rng.choice(
        (
            f"09{d[:2]}-{d[2:5]}-{d[5:8]}",
            f"09{d[:8]}",
            f"09{d[:2]} {d[2:5]} {d[5:8]}",
            f"+886 9{d[:2]} {d[2:5]} {d[5:8]}",
            f"(02)2{d[:3]}-{d[3:7]}",
            f"02-2{d[:3]}-{d[3:7]}",
            f"(04) 2{d[:3]}-{d[3:7]} 分機 {d[7:9]}",
            f"07-3{d[:2]}-{d[2:6]}",
            f"+886-2-2{d[:3]}-{d[3:7]}",
            f"(049)2{d[:2]}-{d[2:6]}",
            f"09{d[:2]}{d[2:5]}-{d[5:8]}",
            f"(03)3{d[:2]}{d[2:6]}#{d[7:10]}",
            f"02-2{d[:7]}",
        )
    )


def _hk_phone(rng: random.Random) -> str:
    d = made.digits(rng, 8)
    first = rng.choice("5692")
    return rng.choice(
        (
            f"{first}{d[:3]} {d[3:7]}",
            f"{first}{d[:7]}",
            f"+852 {first}{d[:3]} {d[3:7]}",
            f"(852) {first}{d[:3]}-{d[3:7]}",
            f"+852-{first}{d[:7]}",
            f"852-{first}{d[:3]}{d[3:7]}",
            f"00852-{first}{d[:7]}",
            f"（852）{first}{d[:3]} {d[3:7]}",
        )
    )


def _mo_phone(rng: random.Random) -> str:
    d = made.digits(rng, 8)
    return rng.choice(
        (
            f"+853 6{d[:3]} {d[3:7]}",
            f"(853) 28{d[:2]} {d[2:6]}",
            f"6{d[:3]} {d[3:7]}",
            f"28{d[:6]}",
            f"+853-28{d[:6]}",
        )
    )


WECHAT_CUES = (
    "微信：",
    "微信号：",
    "微信号",
    "微信:",
    "微信 ",
    "加微信",
    "加微信：",
    "加我微信：",
    "V信：",
    "v信",
    "V：",
    "v:",
    "vx：",
    "VX:",
    "vx",
    "VX ",
    "wx:",
    "WX：",
    "wx ",
    "WeChat: ",
    "wechat:",
    "WeChat ID: ",
    "薇信：",
    "薇：",
    "薇 ",
    "威信：",
    "微：",
    "微:",
    "加微：",
    "加微",
    "加V：",
    "加v",
    "+V：",
    "➕V：",
    "➕v ",
    "+vx：",
    "➕薇：",
    "加薇：",
    "卫星：",
    "卫星号：",
    "wei xin：",
    "weixin:",
    "weixin ",
    "绿泡泡：",
    "绿泡泡号：",
    "徽信：",
    "維信：",
    "微❤：",
    "微♥：",
    "微x：",
    "薇心：",
    "微亻言：",
    "微信ID：",
    "微信账号：",
    "微信（",
    "【微信】",
    "微-信：",
    "微 信：",
    "微信号是",
    "微信是",
    "微信搜索：",
    "微信搜",
    "搜微信号",
    "VX号：",
    "V号：",
    "v❤：",
    "加wx：",
    "加vx:",
    "请加微信 ",
    "微信联系：",
    "我的微信",
    "客服微信：",
    "WX号",
    "vx同号 ",
    "➕微：",
    "薇❤️：",
    "V❤：",
    "丝信：",
    "嶶信：",
    "溦信：",
    "微芯：",
    "威❤",
    "【V】",
    "v我：",
    "私v：",
    "联系v：",
    "咨询v信 ",
    "微信|",
    "微信\t",
    "微信=",
    "微信→",
    "微信👉",
    "微信➡️",
)
QQ_CUES = (
    "QQ：",
    "QQ:",
    "QQ",
    "QQ ",
    "qq:",
    "qq",
    "QQ号：",
    "QQ号码：",
    "QQ号",
    "扣扣：",
    "扣扣",
    "扣扣号：",
    "企鹅：",
    "企鹅号：",
    "企鹅",
    "球球：",
    "球球号",
    "Q：",
    "q:",
    "Q号：",
    "加Q：",
    "加Q",
    "加q ",
    "+Q：",
    "➕Q：",
    "➕q",
    "抠抠：",
    "叩叩：",
    "Q Q：",
    "Q-Q：",
    "ＱＱ：",
    "扣：",
    "加扣：",
    "加扣 ",
    "QQ群：",
    "QQ群",
    "qq群号：",
    "Q群：",
    "q群",
    "扣扣群：",
    "企鹅群：",
    "QQ交流群：",
    "群号：",
    "加群：",
    "加群",
    "🐧：",
    "🐧",
    "加🐧",
    "QQ/",
    "QQ是",
    "我的QQ是",
    "QQ客服：",
    "客服QQ：",
    "联系QQ：",
    "（QQ：",
    "【QQ】",
    "秋秋：",
    "蔻蔻：",
    "口口：",
    "QQ同号：",
    "Q扣：",
    "鹅号：",
    "鹅：",
    "加鹅：",
    "裙号：",
    "扣裙：",
    "球球裙：",
    "QQ咨询：",
    "QQ or ",
    "QQ|",
    "QQ\t",
    "QQ=",
    "QQ→",
    "QQ👉",
)
MOBILE_CUES = (
    "电话",
    "电话：",
    "手机：",
    "手机号",
    "手机号码：",
    "联系方式：",
    "联系电话：",
    "致电",
    "请拨打",
    "Tel:",
    "TEL：",
    "Mobile: ",
    "手机/微信：",
    "微信同号：",
    "联系人：李先生 ",
    "☎",
    "📞 ",
    "热线：",
    "打我电话",
    "短信发到",
    "客服",
    "咨询",
    "手机微信同号 ",
    "☎️：",
    "联系我：",
    "",
    "",
    "王经理",
    "（",
    "手機：",
    "电 话：",
    "手 机：",
    "T:",
    "M：",
    "V：",
    "微信：",
    "vx:",
    "|",
    "\t",
)
LAND_CUES = (
    "电话：",
    "电话",
    "联系电话：",
    "办公电话：",
    "传真：",
    "Tel: ",
    "TEL:",
    "Fax：",
    "座机：",
    "咨询电话：",
    "热线电话：",
    "电话/传真：",
    "☎",
    "监督电话",
    "值班电话 ",
    "固话：",
    "联系方式：",
    "举报电话：",
    "T：",
    "",
    "电 话：",
    "固定电话：",
    "服务热线：",
    "报名电话：",
    "预约电话：",
)
TAILS = (
    "",
    "，请联系",
    "。",
    "（微信同号）",
    "转告一下",
    " 谢谢",
    "，欢迎咨询",
    "；",
    "\n",
    "、",
    "）",
    "，备注来意",
    "，手机同微信",
    "聊",
    "|",
    "\t",
    "！",
    "~",
)

Recipe = tuple[tuple[str, ...], tuple[str, ...], Callable[[random.Random], str]]


def _formed(make: made.Make, *forms: Form) -> Callable[[random.Random], str]:
    return lambda rng: rng.choice(forms)(rng, make(rng))


def _email(rng: random.Random) -> str:
    local, host = made.email(rng)
    spoken = host.replace(
        ".",
        rng.choice(
            ("点", "[dot]", "(dot)", "。", " dot ", "·", "．", "{dot}", "[点]", "（点）", " 点 ")
        ),
    )
    return rng.choice(
        (
            f"{local}@{host}",
            f"{local}@{host}",
            f"{local}＠{host}",
            f"{local} @ {host}",
            f"{local}[at]{host}",
            f"{local}(at){host}",
            f"{local} at {spoken}" if "dot" in spoken else f"{local}[at]{spoken}",
            f"{local}艾特{spoken}",
            f"{local}（at）{host}",
            f"{local}#{host}（#换成@）",
            f"{local}{{at}}{host}",
            f"{local}[@]{host}",
            f"{local} AT {host}",
            f"{local}【at】{host}",
            f"{local}@{spoken}",
            f"{local}_at_{host}",
            f"{local}爱特{host}",
            f"{local}圈a{spoken}",
            f"{local}☆{host}（☆改为@）",
            f"{local}<at>{host}",
            f"{local} [at] {spoken}",
            f"{local}*{host}（请把*换成@）",
            f"{local}(#){host}",
            f"{local}小老鼠{spoken}",
            f"{local}[艾特]{host}",
            f"{local}(艾特){spoken}",
            f"{local}@{host.replace('.', '．')}",
            f"{local}\u200b@\u200b{host}",
        )
    )


def _secret(rng: random.Random) -> str:
    alphabet = string.ascii_letters + string.digits

    def some(count: int) -> str:
        return "".join(rng.choice(alphabet) for _ in range(count))

    return rng.choice(
        (
            f"AKIA{''.join(rng.choice(string.ascii_uppercase + string.digits) for _ in range(16))}",
            f"ghp_{some(36)}",
            f"sk-{some(48)}",
            f"sk-proj-{some(40)}",
            f"eyJ{some(20)}.eyJ{some(40)}.{some(43)}",
            f"glpat-{some(20)}",
            f"xoxb-{digits12(rng)}-{some(24)}",
            f"AIza{some(35)}",
            f"LTAI{some(20)}",
            f"github_pat_{some(22)}_{some(59)}",
            f"npm_{some(36)}",
            f"hf_{some(34)}",
            f"sk_live_{some(24)}",
            f"AKID{some(32)}",
        )
    )


def digits12(rng: random.Random) -> str:
    """Twelve digits, as in a bot's token."""
    return made.digits(rng, 12)


def _password(rng: random.Random) -> str:
    return "".join(
        rng.choice(string.ascii_letters + string.digits + "!@#$%^&*")
        for _ in range(rng.randint(9, 16))
    ) + rng.choice(string.digits)


def _ip(rng: random.Random) -> str:
    if rng.random() < 0.25:
        return ":".join(["2408", "8207", *(f"{rng.randint(1, 65535):x}" for _ in range(6))])
    return f"{rng.choice((36, 58, 101, 113, 117, 120, 180, 218, 223))}.{rng.randint(10, 250)}.{rng.randint(1, 250)}.{rng.randint(1, 250)}"


def _location(rng: random.Random) -> str:
    north, east = 20 + rng.random() * 25, 98 + rng.random() * 24
    return rng.choice(
        (
            f"{north:.6f},{east:.6f}",
            f"{east:.5f}, {north:.5f}",
            f"{north:.4f}，{east:.4f}",
            f"北纬{north:.5f}，东经{east:.5f}",
            f"{int(north)}°{rng.randint(10, 59)}′{rng.randint(10, 59)}″N, {int(east)}°{rng.randint(10, 59)}′{rng.randint(10, 59)}″E",
            f"E{east:.6f},N{north:.6f}",
            f"{north:.5f}°N, {east:.5f}°E",
        )
    )


def _permit(rng: random.Random) -> str:
    return rng.choice("HM") + made.digits(rng, rng.choice((8, 10)))


RECIPES: dict[str, Recipe] = {
    "resident_id": (
        (
            "身份证号",
            "身份证号码：",
            "证件号：",
            "身份证：",
            "公民身份号码 ",
            "身份证",
            "",
            "ID：",
            "居民身份证号",
            "（身份证号：",
            "身份证明：",
            "学籍号G",
        ),
        ("resident_id",),
        _formed(
            made.resident_id,
            *ID_FORMS,
            id_grouped,
            id_grouped,
            spaced,
            han,
            mixed,
            lambda _r, v: v.lower(),
        ),
    ),
    "resident_id_15": (
        ("身份证号", "老身份证：", "身份证号码：", "一代证号 ", "原身份证"),
        ("resident_id",),
        _formed(made.resident_id_15, plain, wide, unseen),
    ),
    "credit_code": (
        (
            "统一社会信用代码：",
            "信用代码",
            "税号：",
            "纳税人识别号：",
            "社会信用代码 ",
            "统一代码",
            "",
        ),
        ("org_id",),
        _formed(
            made.credit_code,
            plain,
            plain,
            wide,
            unseen,
            lambda _r, v: v.lower(),
            lambda _r, v: f"{v[:8]} {v[8:]}",
            lambda _r, v: f"{v[:2]} {v[2:8]} {v[8:17]} {v[17]}",
            lambda _r, v: f"{v[:8]}-{v[8:17]}-{v[17]}",
        ),
    ),
    "organisation_code": (
        (
            "组织机构代码：",
            "组织机构代码证号",
            "机构代码：",
            "组织机构代码证：",
            "代码证号：",
            "组织机构代码为",
        ),
        ("org_id",),
        _formed(
            made.organisation_code,
            plain,
            lambda _r, v: f"{v[:8]}-{v[8]}",
            lambda _r, v: f"{v[:8]}－{v[8]}",
            wide,
            lambda _r, v: f"{v[:8]} - {v[8]}",
            lambda _r, v: f"{v[:8]}—{v[8]}",
            lambda _r, v: f"{v[:8]}-{v[8]}".lower(),
        ),
    ),
    "passport": (
        (
            "护照",
            "护照号：",
            "护照号码 ",
            "Passport No.: ",
            "护照编号",
            "passport:",
            "证件类型：护照，证件号码：",
            "護照號碼：",
            "Passport Number ",
        ),
        ("passport",),
        _formed(
            made.passport,
            plain,
            plain,
            wide,
            unseen,
            lambda _r, v: v.lower(),
            lambda _r, v: f"{v[0]} {v[1:]}" if v[1].isdigit() else v,
        ),
    ),
    "permit": (
        ("回乡证", "港澳居民来往内地通行证：", "回乡证号码 ", "通行证号：", "通行证 "),
        ("permit",),
        _formed(_permit, plain, wide),
    ),
    "taiwan_permit": (
        ("台胞证", "台胞证号：", "台湾居民来往大陆通行证："),
        ("permit",),
        lambda rng: str(rng.randint(3, 9)) + made.digits(rng, 7),
    ),
    "social_card": (
        ("社保卡号：", "社保卡卡号", "医保卡号：", "社会保障卡号 "),
        ("permit",),
        lambda rng: rng.choice(LETTERS_OR_NONE) + made.digits(rng, 8),
    ),
    "hong_kong_id": (
        ("香港身份證", "身份證號碼：", "HKID: ", "香港身份证号码 ", ""),
        ("hk_id",),
        _formed(
            made.hong_kong_id,
            plain,
            wide,
            lambda _r, v: v.replace("(", " ("),
            lambda _r, v: v.replace("(", "（").replace(")", "）"),
        ),
    ),
    "hong_kong_id_bare": (
        ("香港身份證號碼：", "HKID：", "香港身份证号", "HKID No. "),
        ("hk_id",),
        lambda rng: made.hong_kong_id(rng).replace("(", "").replace(")", ""),
    ),
    "macao_id": (
        ("澳門身份證", "澳門居民身份證編號：", "澳门身份证号码 "),
        ("mo_id",),
        lambda rng: (
            rng.choice("157")
            + rng.choice(("{}({})", "/{}/{}", "{}（{}）")).format(
                made.digits(rng, 6), made.digits(rng, 1)
            )
        ),
    ),
    "taiwan_id": (
        (
            "身分證",
            "身分證字號：",
            "居留證號 ",
            "身份證字號",
            "國民身分證統一編號：",
            "台湾身份证：",
        ),
        ("tw_id",),
        _formed(made.taiwan_id, plain, plain, wide, lambda _r, v: v.lower()),
    ),
    "vehicle_number": (
        ("车架号：", "VIN：", "VIN码 ", "车辆识别代号：", "", "大架号", "车架号码："),
        ("vin",),
        _formed(made.vehicle, plain, wide, lambda _r, v: v.lower(), unseen),
    ),
    "bank_card": (
        (
            "卡号：",
            "银行卡号",
            "工行卡：",
            "账号：",
            "银行账户 ",
            "建设银行 ",
            "打款到",
            "收款账号：",
            "开户行：招商银行，账号",
            "农行",
            "信用卡号：",
            "储蓄卡 ",
            "转账至",
            "中国银行卡号",
            "card no: ",
            "帳號：",
            "汇款账号 ",
            "支付宝绑定卡",
            "尾款打到",
            "卡：",
        ),
        ("bank_card",),
        _formed(
            made.bank_card,
            plain,
            plain,
            wide,
            unseen,
            fours,
            fours,
            fours,
            spaced,
            circled,
            keycaps,
            han,
            mixed,
        ),
    ),
    "mobile": (MOBILE_CUES, ("mobile",), _formed(made.mobile, *MOBILE_FORMS)),
    "landline": (LAND_CUES, ("landline",), landline),
    "landline_bare": (
        ("电话：", "传真：", "Tel:", "座机：", "办公室电话", "电话"),
        ("landline",),
        lambda rng: made.landline_parts(rng)[1],
    ),
    "taiwan_phone": (
        ("手機：", "電話", "聯絡電話：", "行動電話 ", "傳真：", "電話：", "洽詢專線", "TEL："),
        ("mobile", "landline"),
        _tw_phone,
    ),
    "hong_kong_phone": (
        (
            "電話：",
            "查詢電話 ",
            "WhatsApp: ",
            "致電",
            "Tel: ",
            "手提：",
            "香港電話",
            "傳真 ",
            "聯絡電話：",
        ),
        ("landline", "mobile"),
        _hk_phone,
    ),
    "macao_phone": (
        ("澳門電話：", "電話：", "致電 ", "Tel: ", "手提電話："),
        ("landline", "mobile"),
        _mo_phone,
    ),
    "imei": (
        ("IMEI：", "手机串号", "IMEI码 ", "设备号：", "imei="),
        ("device_id",),
        _formed(
            made.imei,
            plain,
            plain,
            lambda _r, v: f"{v[:6]} {v[6:14]} {v[14]}",
            wide,
            lambda _r, v: f"{v[:2]}-{v[2:8]}-{v[8:14]}-{v[14]}",
        ),
    ),
    "imsi": (
        ("IMSI：", "imsi "),
        ("device_id",),
        lambda rng: "4600" + rng.choice("0123") + made.digits(rng, 10),
    ),
    "qq": (
        QQ_CUES,
        ("qq",),
        _formed(
            lambda rng: str(rng.randint(1, 9)) + made.digits(rng, rng.randint(5, 9)),
            plain,
            plain,
            plain,
            wide,
            unseen,
            circled,
            keycaps,
            mixed,
            lambda r, v: r.choice(" -.").join(v),
            lambda _r, v: f"{v[:3]} {v[3:]}",
        ),
    ),
    "wechat": (
        WECHAT_CUES,
        ("wechat",),
        _formed(
            made.handle,
            plain,
            plain,
            plain,
            plain,
            lambda _r, v: v.translate(
                str.maketrans(
                    string.ascii_letters + string.digits,
                    "".join(chr(ord(c) + 0xFEE0) for c in string.ascii_letters + string.digits),
                )
            ),
        ),
    ),
    "plate": (
        ("车牌", "车牌号：", "号牌", "牌照为", "车牌号码 ", "", "一辆"),
        ("plate",),
        _formed(
            made.plate,
            plain,
            plain,
            lambda _r, v: f"{v[0]} {v[1:]}",
            lambda _r, v: f"{v[:2]}-{v[2:].lstrip('· ')}",
            lambda _r, v: v.lower(),
            wide,
        ),
    ),
    "military_id": (
        ("军官证", "军官证号：", "士兵证 ", "证件号："),
        ("military_id",),
        lambda rng: (
            f"{rng.choice('军士文武海空南北东')}字第{made.digits(rng, rng.randint(5, 8))}号"
        ),
    ),
    "email": (
        (
            "邮箱：",
            "E-mail: ",
            "联系",
            "发到",
            "邮箱",
            "邮件：",
            "Email:",
            "电子邮箱 ",
            "mail to ",
            "投稿邮箱：",
            "",
        ),
        ("email",),
        _email,
    ),
    "ip": (("IP：", "来自", "登录IP ", "访问者", "IP地址为", "ip="), ("ip",), _ip),
    "mac": (
        ("MAC：", "网卡", "mac地址 ", "设备MAC："),
        ("mac",),
        lambda rng: rng.choice(":-").join(f"{rng.randint(0, 255):02x}" for _ in range(6)),
    ),
    "location": (("坐标", "位于", "定位：", "经纬度：", "GPS "), ("location",), _location),
    "secret": (
        ("key=", "密钥：", "token: ", "api_key = ", "AccessKey ", "Authorization: Bearer "),
        ("secret",),
        _secret,
    ),
    "password": (
        (
            "password=",
            "密码：",
            "password: ",
            "登录密码：",
            "pwd=",
            "密码是",
            'passwd: "',
            "口令：",
        ),
        ("secret",),
        _password,
    ),
}
LETTERS_OR_NONE = ("", "A", "C", "AB")

#: What is found by a type that policies leave alone unless asked: measured apart.
OPTIONS = ("address", "name")


def _phrase(rng: random.Random, kind: str) -> tuple[str, str, str, str, tuple[str, ...]]:
    """Cue, value, tail, and what the value is."""
    cues, types, make = RECIPES[kind]
    cue, value, tail = rng.choice(cues), make(rng), rng.choice(TAILS)
    if cue.endswith(("（", "(", "【QQ】")) and cue[-1] in "（(":
        tail = "）" + tail
    return kind, cue, value, tail, types


def positives(sentences: list[str], rng: random.Random, each: int) -> Iterator[dict[str, Any]]:
    """`each` texts of every kind: a sentence, the phrase with its value, another sentence."""
    for kind in RECIPES:
        for _ in range(each):
            _, cue, value, tail, types = _phrase(rng, kind)
            before, after = rng.choice(sentences), rng.choice(sentences)
            for told in ("（#", "（☆", "（请"):  # what to put for the sign is no part of it
                if told in value:
                    value, rest = value.split(told)
                    tail = told + rest + tail
            if not tail and after[:1].isascii():
                tail = "，"
            lead = before + rng.choice(("", "\n", " ")) + cue
            yield {
                "group": "found",
                "kind": kind,
                "cue": cue,
                "text": lead + value + tail + after,
                "start": len(lead),
                "end": len(lead) + len(value),
                "types": list(types),
            }


def listed(sentences: list[str], rng: random.Random, count: int) -> Iterator[dict[str, Any]]:
    """Lists of mobile numbers, of which the last is asked for."""
    for _ in range(count):
        mark = rng.choice(("/", "、", "，", " ", ",", ";", "；", "|", " / ", "或", "\n", "\t"))
        numbers = [made.mobile(rng) for _ in range(rng.randint(2, 4))]
        lead = rng.choice(sentences) + rng.choice(MOBILE_CUES) + mark.join(numbers[:-1]) + mark
        tail = rng.choice(TAILS[1:]) + rng.choice(sentences)
        yield {
            "group": "found",
            "kind": "mobile_list",
            "cue": mark,
            "text": lead + numbers[-1] + tail,
            "start": len(lead),
            "end": len(lead) + 11,
            "types": ["mobile"],
        }


def linked(sentences: list[str], rng: random.Random, count: int) -> Iterator[dict[str, Any]]:
    """Addresses and names as forms and orders have them, with a number beside them."""
    for _ in range(count):
        person, (region, street), phone = made.name(rng), made.address(rng), made.mobile(rng)
        cue = rng.choice(
            (
                "地址：",
                "收货地址：",
                "住址：",
                "家住",
                "家庭住址：",
                "联系地址：",
                "现住",
                "收件地址 ",
                "户籍地：",
            )
        )
        call = rng.choice(
            (
                "姓名：",
                "联系人：",
                "收件人：",
                "收货人：",
                "患者",
                "户主：",
                "法定代表人：",
                "姓名 ",
                "联系人 ",
                "报名人：",
            )
        )
        before, after = rng.choice(sentences), rng.choice(sentences)
        parts = [
            ("", call),
            ("name", person),
            ("", rng.choice(("，电话", " ", "，", "，手机：", "\n电话："))),
            ("mobile", phone),
            ("", rng.choice(("，", " ", "\n", "；")) + cue),
            ("region", region),
            ("address", street),
            ("", "。"),
        ]
        text, spans = before, {}
        for label, part in parts:
            spans[label] = (len(text), len(text) + len(part))
            text += part
        for label in ("name", "address"):
            start, end = spans[label]
            yield {
                "group": "linked",
                "kind": label,
                "cue": call if label == "name" else cue,
                "text": text + after,
                "start": start,
                "end": end,
                "types": [label],
            }


def _number(rng: random.Random, sizes: tuple[int, ...]) -> str:
    return str(rng.randint(1, 9)) + made.digits(rng, rng.choice(sizes) - 1)


LOOKALIKES: dict[str, Callable[[random.Random], str]] = {
    "amount": lambda r: (
        f"{r.choice(('总额', '共计', '销售额达', '约', '￥', '营收', '投入资金', '累计'))}{made.mobile(r)}{r.choice(('元', '万元', '美元', '人民币', '亿', '人次', '吨', '千瓦时', '平方米', '个', '件', '字节', 'KB'))}"
    ),
    "order": lambda r: (
        f"{r.choice(('订单号', '快递单号：', '流水号', '编号：', '运单号', '货号', '条码', '发票号码：', '工单号 ', '序列号：', '批号', '报价单号'))}{_number(r, (10, 11, 12, 13, 15, 16, 18, 19))}"
    ),
    "year": lambda r: (
        f"{r.randint(1900, 2030)}年{r.randint(1, 12)}月{r.randint(1, 28)}日至{r.randint(1900, 2030)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}"
    ),
    "han_year": lambda r: (
        f"{str(r.randint(1900, 2030)).translate(_HAN)}年{r.choice('一二三四五六七八九')}月{r.choice('一二三四五六七八九')}日"
    ),
    "statute": lambda r: (
        f"国发〔{r.randint(1990, 2026)}〕{r.randint(1, 300)}号，第{r.randint(1, 999)}条第{r.randint(1, 9)}款"
    ),
    "case": lambda r: (
        f"({r.randint(2000, 2026)}){r.choice(made.PROVINCES)}{made.digits(r, 4)}民初{made.digits(r, 5)}号"
    ),
    "version": lambda r: (
        f"{r.choice(('版本', 'v', '升级到', 'Version ', '固件'))}{r.randint(1, 20)}.{r.randint(0, 99)}.{r.randint(0, 9999)}.{r.randint(0, 255)}"
    ),
    "section": lambda r: (
        f"第{r.randint(1, 20)}.{r.randint(1, 20)}.{r.randint(1, 20)}.{r.randint(1, 20)}节"
    ),
    "isbn": lambda r: f"ISBN 978-7-{made.digits(r, 3)}-{made.digits(r, 5)}-{made.digits(r, 1)}",
    "isbn_plain": lambda r: f"ISBN：978{made.digits(r, 10)}",
    "doi": lambda r: f"doi:10.{made.digits(r, 4)}/j.cnki.{made.digits(r, 11)}",
    "guid": lambda r: str(uuid.UUID(int=r.getrandbits(128))),
    "hash": lambda r: f"sha256:{r.getrandbits(256):064x}",
    "digest": lambda r: f"commit {r.getrandbits(160):040x}",
    "array": lambda r: (
        f"int a[] = {{{', '.join(made.digits(r, r.randint(1, 11)) for _ in range(8))}}};"
    ),
    "point": lambda r: f"vec3({r.random():.6f}, {r.random():.6f}, {r.random() * 9:.5f})",
    "path_data": lambda r: (
        f"M{r.random() * 99:.4f},{r.random() * 99:.4f} L{r.random() * 9:.4f},{r.random() * 9:.4f}"
    ),
    "barcode": lambda r: f"条形码69{made.digits(r, 11)}",
    "stamp": lambda r: f"timestamp={r.randint(1300000000, 1799999999)}{made.digits(r, 3)}",
    "stock": lambda r: (
        f"股票代码{r.choice(('600', '000', '300', '688'))}{made.digits(r, 3)}，收于{r.random() * 99:.2f}"
    ),
    "price": lambda r: f"市值{made.digits(r, 3)}.{made.digits(r, 11)}",
    "lottery": lambda r: (
        f"第{made.digits(r, 7)}期：{' '.join(f'{r.randint(1, 33):02}' for _ in range(7))}"
    ),
    "table": lambda r: " ".join(made.digits(r, r.randint(1, 4)) for _ in range(12)),
    "hotline": lambda r: r.choice(
        (
            "400-820-" + made.digits(r, 4),
            "95588",
            "12345",
            "10086",
            "800-810-" + made.digits(r, 4),
            "12315",
            "110",
            "4008" + made.digits(r, 6),
        )
    ),
    "zip": lambda r: f"邮编：{made.digits(r, 6)}",
    "train": lambda r: (
        f"{r.choice('GDKTZ')}{r.randint(1, 9999)}次列车，{r.randint(1, 16)}车{r.randint(1, 20)}{r.choice('ABCDF')}座"
    ),
    "model": lambda r: f"型号{r.choice(made.LETTERS)}{r.choice(made.LETTERS)}{made.digits(r, 7)}",
    "standard": lambda r: f"GB/T {made.digits(r, 5)}-{r.randint(1990, 2026)}",
    "abbreviation": lambda r: (
        f"{r.choice(made.PROVINCES)}{r.choice(('GDP', 'CBA', 'AI', 'ETF', 'IPO', 'APP'))}{r.randint(2000, 2026)}年增速"
    ),
    "wechat_product": lambda r: r.choice(
        (
            "微信小程序wxapp-demo",
            "微信读书app推荐",
            "微信支付v3接口",
            "微信公众号：tech_daily",
            "关注公众号python123",
            "微信SDK android-8.0",
            "微信小游戏game2048",
            "微信 iOS8版",
            "vx20 CPU",
            "WX3000型",
            "微信开发者工具devtools_2",
            "微信PC版3.9.10",
            "微信 Windows11 客户端",
            "V3版本",
            "加V认证",
            "微信H5页面html5",
        )
    ),
    "qq_product": lambda r: r.choice(
        (
            "QQ浏览器10000万用户",
            "QQ2013版",
            "QQ音乐2024年会员",
            "QQ空间100000次访问",
            "奇瑞QQ3",
            "企鹅约100000只",
            "QQ 2012 Beta",
            "Q1 20235亿元",
            "QQ炫舞120000玩家",
        )
    ),
    "code_at": lambda r: r.choice(
        (
            "@decorator.wraps",
            "logo@2x.png",
            "pkg@1.2.3",
            "git@github.com:group/project.git",
            "npm i @scope/pkg@4.5.6",
            "look at example pages",
            "user@localhost",
            "root@server01:~#",
        )
    ),
    "arithmetic": lambda r: f"{made.digits(r, 5)}×{made.digits(r, 5)}={_number(r, (10, 11))}",
    "percent": lambda r: f"同比增长{r.random() * 100:.2f}%，达{_number(r, (8, 9, 11))}元",
    "area_table": lambda r: (
        f"区号{r.choice(('010', '0755', '0571', '021'))}，邮编{made.digits(r, 6)}，人口{made.digits(r, 7)}人"
    ),
    "company_address": lambda r: (
        f"{r.choice(('故宫博物院', '该公司', '火车站', '展览馆', '大学'))}位于{r.choice(('北京市东城区', '上海市黄浦区', '杭州市'))}{r.choice(('景山前街4号', '人民大道200号', '文三路'))}"
    ),
    "history": lambda r: (
        f"{r.choice(('鲁迅', '李白', '苏轼', '康熙皇帝'))}于{r.randint(600, 1900)}年{r.choice(('出生', '去世', '写下此诗'))}"
    ),
    "bus": lambda r: f"乘{r.randint(1, 999)}路公交车到中山路站下，{r.randint(1, 8)}号口出站",
    "range": lambda r: (
        f"{r.randint(100, 999)}-{made.digits(r, 4)}-{made.digits(r, 4)}型螺栓"
        if r.random() < 0.5
        else f"第{made.digits(r, 3)}—{made.digits(r, 4)}页"
    ),
    "float": lambda r: f"= {r.random():.16f}, {r.random() * 1e6:.10f}",
    "tensor": lambda r: f"array([[{', '.join(f'{r.random():.8f}' for _ in range(4))}]])",
    "account": lambda r: f"科目编码{made.digits(r, 8)}，预算{made.digits(r, 9)}元",
    "id_wrong": lambda r: f"批次110101{r.randint(2030, 9999)}{made.digits(r, 8)}",
}


def negatives(sentences: list[str], rng: random.Random, each: int) -> Iterator[dict[str, Any]]:
    """`each` texts of every kind that holds nothing personal."""
    for kind, make in LOOKALIKES.items():
        for _ in range(each):
            text = (
                rng.choice(sentences)
                + make(rng)
                + rng.choice(("，", "。", "\n", " ", "；"))
                + rng.choice(sentences)
            )
            yield {"group": "lookalike", "kind": kind, "text": text}
