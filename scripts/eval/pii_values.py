"""Made-up personal data of every type, in the formats and disguises in which people write it.

Enters: a random generator.  Leaves: values with the check digit that their standard wants, drawn at
random and therefore nobody's by intent; nothing of them is kept.
"""

import random
import string

from corpus_pipeline.text.pii import identifiers

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华文建国志红小雨欣怡子涵浩然梓轩"
PROVINCES = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
AREAS_8 = (
    *("010", "020", "021", "022", "023", "024", "025", "027", "028", "029"),
    *("0571", "0755", "0512", "0371"),
)
AREAS_7 = ("0470", "0310", "0352", "0561", "0792", "0730", "0851", "0971", "0991", "0898")
#: First three digits of mobile numbers, the number plan of 2026.
PREFIXES = tuple(
    f"1{first}{last}"
    for first, lasts in (
        *(("3", "0123456789"), ("4", "579"), ("5", "012356789"), ("6", "2567")),
        *(("7", "01235678"), ("8", "0123456789"), ("9", "01235678")),
    )
    for last in lasts
)
PLACES = sorted(identifiers.PROVINCES - {"71", "81", "82", "83"})
_CODE = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def digits(rng: random.Random, count: int) -> str:
    """So many random digits."""
    return "".join(rng.choice(string.digits) for _ in range(count))


def _date(rng: random.Random) -> str:
    return f"{rng.randint(1950, 2012)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"


def resident_id(rng: random.Random) -> str:
    """Eighteen characters with the check of MOD 11-2."""
    region = f"{rng.choice(PLACES)}{rng.randint(1, 9):02}{rng.randint(1, 29):02}"
    first = f"{region}{_date(rng)}{rng.randint(1, 999):03}"
    return first + identifiers.ric_check_digit(first)


def resident_id_15(rng: random.Random) -> str:
    """The old number."""
    value = resident_id(rng)
    return f"{value[:6]}{rng.randint(30, 89)}{value[10:14]}{value[14:17]}"


def organisation_code(rng: random.Random) -> str:
    """Eight characters and a check character; most are digits, new ones begin with MA."""
    fresh = "MA" + "".join(rng.choice(_CODE) for _ in range(6))
    body = rng.choice((digits(rng, 8), fresh))
    return next(body + c for c in "0123456789X" if identifiers.organisation_code(body + c))


def credit_code(rng: random.Random) -> str:
    """A unified social credit code of a company, an institution or a body."""
    while True:
        region = f"{rng.choice(PLACES)}{rng.randint(1, 9):02}{rng.randint(0, 29):02}"
        first = rng.choice(("91", "92", "93", "11", "12", "51", "52", "31")) + region
        first += organisation_code(rng)
        for last in _CODE:
            if identifiers.credit_code(first + last):
                return first + last


def lettered_credit_code(rng: random.Random) -> str:
    """One with a letter before its check character, as all of the years since 2015 have."""
    while (code := credit_code(rng))[:17].isdigit():
        pass
    return code


#: Prefix and length of cards.
_CARDS = (
    *(("622202", 19), ("621700", 19), ("622848", 19), ("621226", 19), ("623058", 16), ("625", 16)),
    *(("622588", 16), ("436742", 19), ("955880", 19), ("4", 16), ("52", 16), ("3568", 16)),
)


def bank_card(rng: random.Random) -> str:
    """A card number with an issuer's prefix and a Luhn digit."""
    prefix, size = rng.choice(_CARDS)
    body = prefix + digits(rng, size - len(prefix) - 1)
    return next(body + last for last in string.digits if identifiers.luhn(body + last))


def mobile(rng: random.Random) -> str:
    """Eleven digits of the number plan."""
    return rng.choice(PREFIXES) + digits(rng, 8)


def landline_parts(rng: random.Random) -> tuple[str, str]:
    """Area code and number."""
    long = rng.random() < 0.6
    area = rng.choice(AREAS_8 if long else AREAS_7)
    return area, rng.choice("2345678") + digits(rng, 7 if long else 6)


_FIRST = ("zhang", "wang", "xiao", "chen", "liu", "yang", "ajun", "tina", "jack", "mei", "feng")
_SECOND = ("wei", "li", "hua", "jie", "ming", "mao", "lin", "xue")


def handle(rng: random.Random) -> str:
    """An account name as people choose it."""
    one, two = rng.choice(_FIRST), rng.choice(_SECOND)
    small = string.ascii_lowercase
    forms = (
        *(f"{one}{digits(rng, rng.randint(2, 6))}", f"{one}{two}{rng.randint(1970, 2009)}"),
        *(f"{one}_{two}{digits(rng, 2)}", f"{one}-{two}-{digits(rng, 3)}"),
        "wxid_" + "".join(rng.choice(small + string.digits) for _ in range(14)),
        *(f"{one.upper()}{digits(rng, 5)}", f"{one[0]}{two[0]}{digits(rng, 6)}"),
        f"{one}{two}{rng.choice(('studio', 'shop', 'baby', 'er'))}",
        f"{''.join(rng.choice(small) for _ in range(3))}{digits(rng, 8)}",
    )
    name = rng.choice(forms)
    return name if len(name) >= 6 else name + digits(rng, 3)


_HOSTS = (
    *("qq.com", "163.com", "126.com", "example.com", "mail.example.cn", "sina.com.cn", "gmail.com"),
    *("foxmail.com", "example.edu.cn", "outlook.com"),
)


def email(rng: random.Random) -> tuple[str, str]:
    """What stands before the sign and behind it."""
    figures = digits(rng, rng.randint(6, 10))
    local = rng.choice((handle(rng).lower(), f"zhang.san{figures[:2]}", figures, "li_si+00"))
    return local, rng.choice(_HOSTS)


def passport(rng: random.Random) -> str:
    """A travel document of the mainland, Hong Kong or Macao."""
    seven = digits(rng, 7)
    heads = ("E0", "E" + rng.choice(LETTERS), "G0", "PE", "SE", "DE", "MA", "KJ")
    return rng.choice(heads) + seven


def hong_kong_id(rng: random.Random) -> str:
    """With the check character in brackets."""
    body = rng.choice(("", "", "W")) + rng.choice("ABCDEFGHKMPRSVYZ") + digits(rng, 6)
    return next(f"{body}({c})" for c in "0123456789A" if identifiers.hong_kong_id(body + c))


def taiwan_id(rng: random.Random) -> str:
    """A citizen's or a resident's number."""
    body = rng.choice("ABCDEFGHJKMNPQTUVXWZIO") + rng.choice("1289") + digits(rng, 7)
    return next(body + last for last in string.digits if identifiers.taiwan_id(body + last))


def vehicle(rng: random.Random) -> str:
    """A vehicle number of a Chinese maker with its check character."""
    letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
    maker = "L" + "".join(rng.choice(letters) for _ in range(2))
    kind = "".join(rng.choice(letters + string.digits) for _ in range(5))
    tail = rng.choice("123456789") + rng.choice(letters) + digits(rng, 6)
    values = (maker + kind + check + tail for check in "0123456789X")
    return next(value for value in values if identifiers.vehicle_number(value))


def plate(rng: random.Random) -> str:
    """A plate of a car, a lorry or an electric car."""
    head = rng.choice(PROVINCES) + rng.choice("ABCDEFGHJK")
    five, letter = digits(rng, 5), rng.choice(LETTERS)
    bodies = (five, letter + five[:4], f"{five[:2]}{letter}{five[2:4]}", f"{five[:4]}学")
    electric = head + rng.choice("DF") + five
    return rng.choice((*(head + rng.choice(("", "·")) + body for body in bodies), electric))


def imei(rng: random.Random) -> str:
    """A device number with its Luhn digit."""
    body = "86" + digits(rng, 12)
    return next(body + last for last in string.digits if identifiers.luhn(body + last))


def name(rng: random.Random) -> str:
    """A surname and one or two characters."""
    return rng.choice(SURNAMES) + "".join(rng.choice(GIVEN) for _ in range(rng.randint(1, 2)))


_REGIONS = (
    *("北京市朝阳区", "上海市浦东新区", "广东省深圳市南山区", "浙江省杭州市西湖区", "重庆市渝北区"),
    *("四川省成都市武侯区", "江苏省苏州市工业园区", "湖南省长沙市岳麓区", "山东省青岛市市南区", ""),
)
_STREETS = ("中山", "人民", "建设", "文三", "长江", "科技", "和平", "解放", "天府", "学院")
_ROADS = ("路", "大道", "北路", "东街", "巷", "胡同", "西路")
_ESTATES = ("阳光花园", "锦绣家园", "翠湖小区", "金地名苑")


def address(rng: random.Random) -> tuple[str, str]:
    """The region, and what stands from the street down."""
    street = f"{rng.choice(_STREETS)}{rng.choice(_ROADS)}{rng.randint(1, 999)}号"
    block, flat = rng.randint(1, 30), rng.randint(101, 2804)
    doors = (
        *("", f"{block}栋{rng.randint(1, 6)}单元{flat}室", f"{block}幢{flat}室", f"{block}层"),
        *(f"{rng.choice(_ESTATES)}{block}号楼{flat}", f"院{block}号楼{rng.randint(1, 6)}门{flat}"),
        f"{block}弄{rng.randint(1, 60)}号",
    )
    return rng.choice(_REGIONS), street + rng.choice(doors)
