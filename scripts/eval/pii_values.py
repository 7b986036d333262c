"""Made-up personal data of every type, in the formats and disguises in which people write it.

Enters: a random generator.  Leaves: values with the check digit that their standard wants, drawn at
random and therefore nobody's by intent; nothing of them is kept.
"""

import random
import string
from collections.abc import Callable

from corpus_pipeline.text.pii import identifiers

Make = Callable[[random.Random], str]

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华文建国志红小雨欣怡子涵浩然梓轩"
PROVINCES = "京津冀晋蒙辽吉黑沪苏浙皖闽赣鲁豫鄂湘粤桂琼渝川贵云藏陕甘青宁新"
AREAS_8 = (
    "010",
    "020",
    "021",
    "022",
    "023",
    "024",
    "025",
    "027",
    "028",
    "029",
    "0571",
    "0755",
    "0512",
    "0371",
)
AREAS_7 = ("0470", "0310", "0352", "0561", "0792", "0730", "0851", "0971", "0991", "0898")
PREFIXES = (
    "130 131 132 133 134 135 136 137 138 139 145 147 149 150 151 152 153 155 156 157 158 159 162 165 "
    "166 167 170 171 172 173 175 176 177 178 180 181 182 183 184 185 186 187 188 189 190 191 192 193 "
    "195 196 197 198 199"
).split()


def digits(rng: random.Random, count: int) -> str:
    """So many random digits."""
    return "".join(rng.choice(string.digits) for _ in range(count))


def _date(rng: random.Random) -> str:
    return f"{rng.randint(1950, 2012)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"


def resident_id(rng: random.Random) -> str:
    """Eighteen characters with the check of MOD 11-2."""
    province = rng.choice(sorted(identifiers.PROVINCES - {"71", "81", "82", "83"}))
    first = f"{province}{rng.randint(1, 9):02}{rng.randint(1, 29):02}{_date(rng)}{rng.randint(1, 999):03}"
    return first + identifiers.ric_check_digit(first)


def resident_id_15(rng: random.Random) -> str:
    """The old number."""
    value = resident_id(rng)
    return f"{value[:6]}{rng.randint(30, 89)}{value[10:14]}{value[14:17]}"


def organisation_code(rng: random.Random) -> str:
    """Eight characters and a check character; most are digits, new ones begin with MA."""
    body = rng.choice(
        (
            digits(rng, 8),
            "MA" + "".join(rng.choice("0123456789ABCDEFGHJKLMNPQRTUWXY") for _ in range(6)),
        )
    )
    return next(body + last for last in "0123456789X" if identifiers.organisation_code(body + last))


def credit_code(rng: random.Random) -> str:
    """A unified social credit code of a company, an institution or a body."""
    while True:
        code = organisation_code(rng)
        region = f"{rng.choice(sorted(identifiers.PROVINCES - {'71', '81', '82', '83'}))}{rng.randint(1, 9):02}{rng.randint(0, 29):02}"
        first = rng.choice(("91", "92", "93", "11", "12", "51", "52", "31")) + region + code
        for last in "0123456789ABCDEFGHJKLMNPQRTUWXY":
            if identifiers.credit_code(first + last):
                return first + last


def bank_card(rng: random.Random) -> str:
    """A card number with an issuer's prefix and a Luhn digit."""
    prefix, size = rng.choice(
        (
            ("622202", 19),
            ("621700", 19),
            ("622848", 19),
            ("621226", 19),
            ("623058", 16),
            ("625", 16),
            ("622588", 16),
            ("436742", 19),
            ("955880", 19),
            ("4", 16),
            ("52", 16),
            ("3568", 16),
        )
    )
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


def handle(rng: random.Random) -> str:
    """An account name as people choose it."""
    pinyin = rng.choice(
        ("zhang", "wang", "xiao", "chen", "liu", "yang", "ajun", "tina", "jack", "mei", "feng")
    )
    tail = rng.choice(("wei", "li", "hua", "jie", "ming", "mao", "lin", "xue"))
    return rng.choice(
        (
            f"{pinyin}{digits(rng, rng.randint(2, 6))}",
            f"{pinyin}{tail}{rng.randint(1970, 2009)}",
            f"{pinyin}_{tail}{digits(rng, 2)}",
            f"wxid_{''.join(rng.choice(string.ascii_lowercase + string.digits) for _ in range(14))}",
            f"{pinyin}-{tail}-{digits(rng, 3)}",
            f"{pinyin.upper()}{digits(rng, 5)}",
            f"{pinyin[0]}{tail[0]}{digits(rng, 6)}",
            f"{pinyin}{tail}{rng.choice(('studio', 'shop', 'baby', 'er'))}",
            f"{''.join(rng.choice(string.ascii_lowercase) for _ in range(3))}{digits(rng, 8)}",
        )
    )


def email(rng: random.Random) -> tuple[str, str]:
    """What stands before the sign and behind it."""
    local = rng.choice(
        (
            handle(rng).lower(),
            f"zhang.san{digits(rng, 2)}",
            digits(rng, rng.randint(6, 10)),
            f"li_si+{digits(rng, 2)}",
        )
    )
    host = rng.choice(
        (
            "qq.com",
            "163.com",
            "126.com",
            "example.com",
            "mail.example.cn",
            "sina.com.cn",
            "gmail.com",
            "foxmail.com",
            "example.edu.cn",
            "outlook.com",
        )
    )
    return local, host


def passport(rng: random.Random) -> str:
    """A travel document of the mainland, Hong Kong or Macao."""
    return rng.choice(
        (
            "E" + digits(rng, 8),
            f"E{rng.choice(LETTERS)}{digits(rng, 7)}",
            "G" + digits(rng, 8),
            "PE" + digits(rng, 7),
            "SE" + digits(rng, 7),
            "DE" + digits(rng, 7),
            "MA" + digits(rng, 7),
            "KJ" + digits(rng, 7),
        )
    )


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
    body = (
        "L"
        + "".join(rng.choice(letters) for _ in range(2))
        + "".join(rng.choice(letters + string.digits) for _ in range(5))
        + "{}"
        + rng.choice("ABCDEFGHJKLMNPRSTVWXY123456789")
        + rng.choice(letters)
        + digits(rng, 6)
    )
    return next(v for c in "0123456789X" if identifiers.vehicle_number(v := body.format(c)))


def plate(rng: random.Random) -> str:
    """A plate of a car, a lorry or an electric car."""
    head = rng.choice(PROVINCES) + rng.choice("ABCDEFGHJK")
    return rng.choice(
        (
            head + rng.choice(("", "·")) + digits(rng, 5),
            head + rng.choice(("", "·", " ")) + rng.choice(LETTERS) + digits(rng, 4),
            head + rng.choice(("", "·")) + digits(rng, 2) + rng.choice(LETTERS) + digits(rng, 2),
            head + rng.choice(("D", "F")) + digits(rng, 5),
            head + rng.choice(("", "·")) + digits(rng, 4) + "学",
        )
    )


def imei(rng: random.Random) -> str:
    """A device number with its Luhn digit."""
    body = "86" + digits(rng, 12)
    return next(body + last for last in string.digits if identifiers.luhn(body + last))


def name(rng: random.Random) -> str:
    """A surname and one or two characters."""
    return rng.choice(SURNAMES) + "".join(rng.choice(GIVEN) for _ in range(rng.randint(1, 2)))


def address(rng: random.Random) -> tuple[str, str]:
    """The region, and what stands from the street down."""
    region = rng.choice(
        (
            "北京市朝阳区",
            "上海市浦东新区",
            "广东省深圳市南山区",
            "浙江省杭州市西湖区",
            "四川省成都市武侯区",
            "江苏省苏州市工业园区",
            "湖南省长沙市岳麓区",
            "山东省青岛市市南区",
            "重庆市渝北区",
            "河北省石家庄市长安区",
            "",
        )
    )
    street = rng.choice(
        ("中山", "人民", "建设", "文三", "长江", "科技", "和平", "解放", "天府", "学院")
    ) + rng.choice(("路", "大道", "北路", "东街", "巷", "胡同", "西路"))
    number = f"{rng.randint(1, 999)}号"
    fine = rng.choice(
        (
            "",
            f"{rng.randint(1, 30)}栋{rng.randint(1, 6)}单元{rng.randint(101, 2804)}室",
            f"{rng.choice(('阳光花园', '锦绣家园', '翠湖小区', '金地名苑'))}{rng.randint(1, 30)}号楼{rng.randint(101, 2804)}",
            f"{rng.randint(1, 12)}幢{rng.randint(101, 999)}室",
            f"{rng.choice(('科创大厦', '国际中心'))}{rng.randint(1, 30)}层",
            f"院{rng.randint(1, 9)}号楼{rng.randint(1, 6)}门{rng.randint(101, 999)}",
            f"{rng.randint(1, 20)}弄{rng.randint(1, 60)}号",
        )
    )
    return region, street + number + fine
